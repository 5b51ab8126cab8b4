// SPDX-License-Identifier: LGPL-2.1-or-later
#include <map>

#include "domain/xml_parts.hpp"
#include "domain/xml_values.hpp"

// Aliases that users give to devices. Those that devices have themselves are written of what can come and go
// while a guest runs.

namespace virtlight::domain {
namespace {

void write_alias_element(XmlWriter& writer, std::string_view alias) {
    if (!alias.empty()) writer.element("alias").attribute("name", alias);
}

/// The <console> that is a <serial> port over again.
bool is_a_serial_port(const XmlElement& device) {
    return device.name() == "console" &&
           device.child("target").attribute("type").value_or("serial") == "serial";
}

}  // namespace

void write_alias(XmlWriter& writer, const std::string& users, const std::string& own, Shape shape) {
    if (!users.empty())
        write_alias_element(writer, users);
    else if (shape == Shape::running)
        write_alias_element(writer, own);
}

void write_alias(XmlWriter& writer, const Definition& definition, std::string_view own_name) {
    const auto found = definition.aliases.find(own_name);
    if (found != definition.aliases.end()) write_alias_element(writer, found->second);
}

bool has_alias(const Definition& definition, std::string_view own_name) {
    return definition.aliases.contains(own_name);
}

void check_aliases(const XmlElement& devices) {
    const auto serials = devices.children("serial");
    const auto first_port = serials.empty() ? std::string() : read_alias(serials.front());
    std::map<std::string, XmlElement> seen;
    for (const auto& device : devices.children()) {
        const auto alias = read_alias(device);
        if (alias.empty() || (is_a_serial_port(device) && alias == first_port)) continue;
        const auto& [of, added] = seen.try_emplace(alias, device);
        if (!added)
            device.child("alias").invalid("<alias> '{}' of <{}> is that of the <{}> in line {} already",
                                          alias, device.name(), of->second.name(), of->second.line());
    }
}

}  // namespace virtlight::domain
