// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/label.hpp"
#include "domain/xl_cfg_options.hpp"

// What machine a guest finds.

namespace virtlight::domain {
namespace {

/// A PVH guest of Xen has it unless it is told otherwise, which a definition cannot say. A PV guest has none.
bool read_switch(const XlAt& at, GuestType type) {
    const bool on = at.boolean();
    if (!on && type == GuestType::pvh) at.unsupported("'{}' of a PVH guest cannot be off here", at.key());
    return on;
}
/// HVM guests have it in xl unless it is off.
void write_switch(const Definition& definition, std::string_view key, bool on, XlWriter& writer) {
    if (on || definition.type == GuestType::hvm) writer.number(key, on);
}

void read_acpi(const XlAt& at, Definition& definition) {
    auto& acpi = definition.features.acpi;
    acpi = read_switch(at, definition.type);
    if (acpi || definition.numa.empty()) return;
    at.remark("'acpi' is on here, as the guest finds its NUMA cells by it; with xl it would find none");
    acpi = true;
}
void write_acpi(const Definition& definition, XlWriter& writer) {
    write_switch(definition, "acpi", definition.features.acpi, writer);
}

void read_apic(const XlAt& at, Definition& definition) {
    definition.features.apic = read_switch(at, definition.type);
}
void write_apic(const Definition& definition, XlWriter& writer) {
    write_switch(definition, "apic", definition.features.apic, writer);
}

void read_pae(const XlAt& at, Definition& definition) {
    definition.features.pae = at.boolean();
    if (!definition.features.pae && definition.type == GuestType::hvm)
        at.unsupported("'pae' cannot be off: a 64-bit HVM guest cannot do without it");
}
void write_pae(const Definition& definition, XlWriter& writer) {
    write_switch(definition, "pae", definition.features.pae, writer);
}

void read_hap(const XlAt& at, Definition& definition) {
    definition.features.hap = at.boolean();
}
void write_hap(const Definition& definition, XlWriter& writer) {
    if (definition.features.hap) writer.number("hap", *definition.features.hap);
}

void read_localtime(const XlAt& at, Definition& definition) {
    definition.clock = at.boolean() ? ClockOffset::localtime : ClockOffset::utc;
}
void write_localtime(const Definition& definition, XlWriter& writer) {
    if (definition.clock == ClockOffset::localtime) writer.number("localtime", 1);
}

void read_emulator(const XlAt& at, Definition& definition) {
    definition.emulator = at.path();
}
void write_emulator(const Definition& definition, XlWriter& writer) {
    writer.text_if_any("device_model_override", definition.emulator);
}

void read_emulator_args(const XlAt& at, Definition& definition) {
    for (const auto& item : at.items())
        if (!item.text().empty()) definition.emulator_args.push_back(item.text());
}
void write_emulator_args(const Definition& definition, XlWriter& writer) {
    writer.texts("device_model_args", definition.emulator_args);
}

void read_label(const XlAt& at, Definition& definition) {
    definition.label = at.text();
    if (at.text().empty()) return;
    if (const auto good = check_label(at.text()); !good) at.invalid("'seclabel': {}", good.error().message);
}
void write_label(const Definition& definition, XlWriter& writer) {
    writer.text_if_any("seclabel", definition.label);
}

constexpr XlOption platform_options[] = {
    {"acpi", "`features/acpi`; of guests with `vnuma` it is on", read_acpi, write_acpi},
    {"apic", "`features/apic`", read_apic, write_apic},
    {"pae", "`features/pae`; of HVM guests it is on", read_pae, write_pae},
    {"hap", "`features/hap`", read_hap, write_hap},
    {"localtime", "`clock/@offset`", read_localtime, write_localtime},
    {"device_model_override", "`devices/emulator`", read_emulator, write_emulator},
    {"device_model_args", "`xen:commandline/xen:arg`", read_emulator_args, write_emulator_args},
    {"seclabel", "`seclabel` of type static", read_label, write_label},
};

}  // namespace

constinit const XlOptions xl_platform_options = platform_options;

}  // namespace virtlight::domain
