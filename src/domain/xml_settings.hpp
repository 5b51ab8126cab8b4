// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "domain/definition.hpp"
#include "domain/xml_element.hpp"
#include "domain/xml_writer.hpp"

/// Settings in domain XML: an element of our namespace in <metadata>, where every client leaves it in peace.
/// A list is the same name several times. Beside them is the number of a network interface that has no other
/// place in the definition.
namespace virtlight::domain {

inline constexpr std::string_view settings_namespace = "urn:virtlight:settings:1";

/// None: there are no settings in it.
XmlElement settings_in(const XmlElement& metadata);

/// The element and the end of its line, indented by `depth` levels. Empty: there is nothing to say in it.
std::string format_settings(const Definition& definition, std::size_t depth);

}  // namespace virtlight::domain
