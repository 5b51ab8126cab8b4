// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/xml_parts.hpp"

// Arguments for the device model, which libvirt's Xen driver has in a namespace of its own.

namespace virtlight::domain {
namespace {

void read_commandline(const XmlElement& domain, Definition& definition) {
    const auto lines = domain.children_in(xen_namespace, "commandline");
    if (lines.size() > 1) lines[1].invalid("<domain> has one <xen:commandline>, and this is another one");
    for (const auto& line : lines)
        for (const auto& arg : line.children_in(xen_namespace, "arg")) {
            auto value = arg.attribute("value").value_or("");
            if (value.empty()) arg.invalid("<xen:arg> has no attribute 'value', or an empty one");
            definition.emulator_args.push_back(std::move(value));
        }
}

void write_commandline(XmlWriter& writer, const Definition& definition, Shape) {
    if (definition.emulator_args.empty()) return;
    const auto line = writer.element("xen:commandline");
    for (const auto& arg : definition.emulator_args)
        writer.element("xen:arg").attribute("value", arg);
}

}  // namespace

constinit const XmlPart commandline_part{read_commandline, write_commandline};

}  // namespace virtlight::domain
