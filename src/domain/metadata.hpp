// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

/// What people and tools write into a definition about its domain: it means nothing to the guest.
namespace virtlight::domain {

struct Definition;

/// The numbers are libvirt's.
enum class MetadataKind : int { description = 0, title = 1, element = 2 };

struct Metadata {
    MetadataKind kind = MetadataKind::description;
    std::optional<std::string> text{};  ///< none: it is removed
    std::string prefix{};               ///< of the element's namespace
    std::string uri{};                  ///< its namespace
};

/// Writes it into the definition in the place of what was there. invalid_argument: a title of several lines,
/// or no prefix or namespace for an element; invalid_xml: the element; unsupported_operation: our own
/// settings, which are a part of the definition.
Result<> set_metadata(Definition& definition, const Metadata& metadata);

/// The element of this namespace as a tool has written it, without the prefix and the declaration of the
/// namespace. Empty: there is none.
Result<std::string> metadata_element(const Definition& definition, std::string_view uri);

}  // namespace virtlight::domain
