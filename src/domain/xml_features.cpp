// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/xml_parts.hpp"
#include "domain/xml_values.hpp"

namespace virtlight::domain {
namespace {

void read_features(const XmlElement& domain, Definition& definition) {
    const auto features = domain.child("features");
    definition.features.acpi = bool(features.child("acpi"));
    definition.features.apic = bool(features.child("apic"));
    // A 64-bit HVM guest cannot do without it.
    definition.features.pae = features.child("pae") || definition.type == GuestType::hvm;
    if (const auto hap = features.child("hap")) {
        definition.features.hap = attribute_choice(hap, "state", switches, true);
    }
    read_xen_features(features, definition);
    read_told_settings(domain, definition);
}

void write_features(XmlWriter& writer, const Definition& definition, Shape) {
    const auto& features = definition.features;
    const auto& platform = definition.platform;
    if (features == Features{} && !platform.e820_host && !platform.passthrough) return;
    auto element = writer.element("features");
    if (features.acpi) writer.element("acpi");
    if (features.apic) writer.element("apic");
    if (features.pae) writer.element("pae");
    if (features.hap) writer.element("hap").attribute("state", word_for(*features.hap, switches));
    write_xen_features(writer, platform);
}

}  // namespace

constinit const XmlPart features_part{read_features, write_features};

}  // namespace virtlight::domain
