// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "domain/definition.hpp"

/// Devices that a guest has from its start to its end, as screens, inputs, channels and shared folders: they
/// come, go and change in a definition alone, for the next start. Those that can do so while a guest runs are
/// values of their own (device.hpp).
namespace virtlight::domain {

enum class DeviceEdit { add, remove, change };

/// Whether the XML is that of one element, of a kind that parse_device() does not take.
bool is_of_definition_only(std::string_view xml);

/// "channel". Empty: it is no XML.
std::string device_element(std::string_view xml);

/// The definition with a device more, fewer, or another one in the place of the one that is of the same kind
/// and type. What is to go is the one that has all that `xml` says of it, but for what a life had given it.
/// As parse_xml(); no_device: there is none; operation_failed: there are several, or nothing would change by
/// it.
Result<Definition> edit_device(const Definition& definition, std::string_view xml, DeviceEdit edit);

/// Whether it is a user's alias of such a device.
bool has_alias_of_definition_only(const Definition& definition, std::string_view alias);

/// The definition without the device that has it. no_device; operation_failed: it would come back.
Result<Definition> remove_by_alias(const Definition& definition, std::string_view alias);

}  // namespace virtlight::domain
