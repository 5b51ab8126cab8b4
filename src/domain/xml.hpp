// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "domain/definition.hpp"

namespace virtlight::domain {

/// Reads libvirt's domain XML. Defaults are filled in as libvirt's Xen driver does (a uuid, consoles, memory
/// rounded up to MiB); what has no effect here is refused by name and line, never dropped. No network, no
/// entities; bounded by limits::xml_bytes and limits::xml_depth. invalid_xml: cannot be read or breaks the
/// schema; unsupported_config: means something this host does not do.
Result<Definition> parse_xml(std::string_view xml);

/// Writes libvirt's domain XML; parse_xml() of it gives `definition` again. With `domid` it describes a
/// running domain.
std::string format_xml(const Definition& definition, std::optional<unsigned> domid = std::nullopt);

/// Whether what it is written down as can be read back, also with what comes to it while it is kept: its XML
/// has no more than half of limits::xml_bytes. What was read may be longer when it is written.
/// invalid_argument.
Result<> check_length(const Definition& definition);

/// The <metadata> element of its XML: what tools keep there and its settings. Empty: it has neither.
std::string metadata_xml(const Definition& definition);

}  // namespace virtlight::domain
