// SPDX-License-Identifier: LGPL-2.1-or-later
#include <string>
#include <utility>
#include <vector>

#include "domain/xml_parts.hpp"
#include "domain/xml_values.hpp"

// Elements of libvirt's that say a part of what settings do, of HVM guests: interfaces of Hyper-V's and
// tables of ACPI's. They are read into those settings, and not written.

namespace virtlight::domain {
namespace {

/// What Xen knows of <hyperv>, in the order of its bits. The group "base" comes with each of them.
constexpr std::pair<std::string_view, std::string_view> enlightenments[] = {
    {"relaxed", "base"},      {"vpindex", "base"},
    {"frequencies", "freq"},  {"tlbflush", "hcall_remote_tlb_flush"},
    {"vapic", "apic_assist"}, {"synic", "synic"},
    {"stimer", "stimer"},     {"ipi", "hcall_ipi"},
};

/// Whether all of them are there.
constexpr Word<bool> hyperv_modes[] = {{"custom", false}, {"passthrough", true}};

enum class Tables { slic, set };
/// Xen takes a file with one table or with many.
constexpr Word<Tables> acpi_tables[] = {{"slic", Tables::slic}, {"rawset", Tables::set}};

/// <metadata> may say the same.
void tell(const XmlElement& at, std::string_view name, SettingValue value, Definition& definition) {
    const auto [there, added] = definition.settings.try_emplace(std::string(name), value);
    if (!added && there->second != value)
        at.invalid("<{}> says otherwise of the setting '{}' than <metadata>", at.name(), name);
}

std::vector<std::string> read_hyperv(const XmlElement& hyperv) {
    if (attribute_choice(hyperv, "mode", hyperv_modes, false)) return {"all"};
    std::vector<std::string> groups;
    for (const auto& [name, group] : enlightenments) {
        const auto element = hyperv.child(name);
        if (!element || !attribute_choice<bool>(element, "state", switches, true)) continue;
        if (groups.empty()) groups.emplace_back("base");
        if (group != "base") groups.emplace_back(group);
    }
    return groups;
}

void read_enlightenments(const XmlElement& features, Definition& definition) {
    const auto viridian = features.child("viridian");
    const auto hyperv = features.child("hyperv");
    auto groups = read_hyperv(hyperv);
    if (viridian) groups.insert(groups.begin(), "defaults");
    if (!groups.empty()) tell(viridian ? viridian : hyperv, "viridian", std::move(groups), definition);
}

void read_tables(const XmlElement& os, Definition& definition) {
    const auto table = os.child("acpi").child("table");
    if (!table) return;
    if (!table.attribute("type"))
        table.invalid("<table> has no attribute 'type'; allowed here: {}", list_words<Tables>(acpi_tables));
    attribute_choice<Tables>(table, "type", acpi_tables, Tables::slic);
    auto path = path_in(table);
    if (path.empty()) return table.invalid("<table> must be the path of a file with tables for ACPI");
    tell(table, "acpi_firmware", std::move(path), definition);
}

}  // namespace

void read_told_settings(const XmlElement& domain, Definition& definition) {
    if (definition.type != GuestType::hvm) return;
    read_tables(domain.child("os"), definition);
    read_enlightenments(domain.child("features"), definition);
}

}  // namespace virtlight::domain
