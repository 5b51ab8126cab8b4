// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/limits.hpp"
#include "domain/lifecycle_words.hpp"
#include "domain/memory.hpp"
#include "domain/name.hpp"
#include "domain/xl_cfg_values.hpp"

// What a guest is, how much it has, and what is done when it stops.

namespace virtlight::domain {
namespace {

constexpr Word<GuestType> guest_types[] = {
    {"pv", GuestType::pv}, {"pvh", GuestType::pvh}, {"hvm", GuestType::hvm}};
constexpr Word<GuestType> builders[] = {{"generic", GuestType::pv}, {"hvm", GuestType::hvm}};

/// What xl gives a guest that asks for nothing.
void set_type(GuestType type, Definition& definition) {
    definition.type = type;
    const bool hvm = type == GuestType::hvm;
    definition.features = {.acpi = hvm, .apic = hvm, .pae = hvm};
    definition.boot.order.clear();
    if (!hvm) return;
    definition.boot.order = {BootDevice::disk, BootDevice::cdrom};
    definition.graphics.vnc = Vnc();
    definition.video = default_video(type, definition.graphics);
}

void read_type(const XlAt& at, Definition& definition) {
    set_type(choice<GuestType>(at, guest_types, GuestType::pv), definition);
}
void write_type(const Definition& definition, XlWriter& writer) {
    writer.text("type", word_for<GuestType>(definition.type, guest_types));
}

void read_builder(const XlAt& at, Definition& definition) {
    const auto type = choice<GuestType>(at, builders, GuestType::pv);
    if (!at.sibling("type")) return set_type(type, definition);
    const bool agrees = (type == GuestType::hvm) == (definition.type == GuestType::hvm);
    if (!agrees)
        at.invalid("'builder' is '{}', and 'type' is '{}': leave 'builder' out", at.text(),
                   word_for<GuestType>(definition.type, guest_types));
}

void read_name(const XlAt& at, Definition& definition) {
    definition.name = at.text();
    if (const auto good = check_name(definition.name); !good) at.invalid("{}", good.error().message);
}
void write_name(const Definition& definition, XlWriter& writer) {
    writer.text("name", definition.name);
}

void read_uuid(const XlAt& at, Definition& definition) {
    const auto uuid = Uuid::parse(at.text());
    if (!uuid) at.invalid("malformed uuid '{}': it must be {}", shown(at.text()), uuid_form);
    if (uuid && uuid->is_nil()) at.invalid("'uuid' cannot be all zeros: that is Domain-0's");
    definition.uuid = uuid.value_or(definition.uuid);
}
void write_uuid(const Definition& definition, XlWriter& writer) {
    writer.text("uuid", to_string(definition.uuid));
}

void read_memory(const XlAt& at, Definition& definition) {
    definition.memory_kib = at.number(most_memory_mib) * mib;
    if (definition.memory_kib == 0) at.invalid("a guest with no memory cannot be: 'memory' is 0");
    if (!at.sibling("maxmem")) definition.memory_max_kib = definition.memory_kib;
}
void write_memory(const Definition& definition, XlWriter& writer) {
    writer.number("memory", definition.memory_kib / mib);
}

void read_maxmem(const XlAt& at, Definition& definition) {
    definition.memory_max_kib = at.number(most_memory_mib) * mib;
    if (!at.sibling("memory")) definition.memory_kib = definition.memory_max_kib;
    if (definition.memory_max_kib == 0) at.invalid("a guest with no memory cannot be: 'maxmem' is 0");
    if (definition.memory_max_kib < definition.memory_kib)
        at.invalid("'maxmem' is less than 'memory': {} < {} MiB", definition.memory_max_kib / mib,
                   definition.memory_kib / mib);
}
void write_maxmem(const Definition& definition, XlWriter& writer) {
    if (definition.memory_max_kib != definition.memory_kib)
        writer.number("maxmem", definition.memory_max_kib / mib);
}

unsigned read_count(const XlAt& at, GuestType type) {
    const auto count = static_cast<unsigned>(at.number(most_vcpus(type)));
    if (count == 0) at.invalid("'{}' must be a number from 1 to {}", at.key(), most_vcpus(type));
    return count;
}
void read_vcpus(const XlAt& at, Definition& definition) {
    definition.vcpus = read_count(at, definition.type);
    if (!at.sibling("maxvcpus")) definition.vcpus_max = definition.vcpus;
}
void write_vcpus(const Definition& definition, XlWriter& writer) {
    writer.number("vcpus", definition.vcpus);
}

void read_maxvcpus(const XlAt& at, Definition& definition) {
    definition.vcpus_max = read_count(at, definition.type);
    if (definition.vcpus_max < definition.vcpus)
        at.invalid("'maxvcpus' is less than 'vcpus': {} < {}", definition.vcpus_max, definition.vcpus);
}
void write_maxvcpus(const Definition& definition, XlWriter& writer) {
    if (definition.vcpus_max != definition.vcpus) writer.number("maxvcpus", definition.vcpus_max);
}

void read_on_poweroff(const XlAt& at, Definition& definition) {
    definition.on_poweroff = choice<LifecycleAction>(at, stop_actions, LifecycleAction::destroy);
}
void write_on_poweroff(const Definition& definition, XlWriter& writer) {
    writer.text("on_poweroff", word_for<LifecycleAction>(definition.on_poweroff, crash_actions));
}

/// What a definition says of one ending holds for another one, too, for which xl has a default of its own.
void remark_other(const XlAt& at, std::string_view other, std::string_view held, std::string_view xls) {
    if (!at.sibling(other) && held != xls)
        at.remark("'{}' is missing, and is '{}' here, as '{}' is '{}'; with xl it would be '{}'", other, held,
                  at.key(), shown(at.text()), xls);
}

/// A guest that resets itself softly goes on as it is where it would be restarted.
std::string_view soft_reset_word(const Definition& definition) {
    const auto action = definition.on_reboot;
    const bool restarts = action == LifecycleAction::restart || action == LifecycleAction::rename_restart;
    return restarts ? "soft-reset" : word_for<LifecycleAction>(action, crash_actions);
}

void read_on_reboot(const XlAt& at, Definition& definition) {
    definition.on_reboot = choice<LifecycleAction>(at, stop_actions, LifecycleAction::restart);
    remark_other(at, "on_soft_reset", soft_reset_word(definition), "soft-reset");
}
void write_on_reboot(const Definition& definition, XlWriter& writer) {
    writer.text("on_reboot", word_for<LifecycleAction>(definition.on_reboot, crash_actions));
}

void read_on_crash(const XlAt& at, Definition& definition) {
    definition.on_crash = choice<LifecycleAction>(at, crash_actions, LifecycleAction::destroy);
    remark_other(at, "on_watchdog", word_for<LifecycleAction>(definition.on_crash, crash_actions), "destroy");
}
void write_on_crash(const Definition& definition, XlWriter& writer) {
    writer.text("on_crash", word_for<LifecycleAction>(definition.on_crash, crash_actions));
}

/// For a definition it is a kind of crash.
void read_on_watchdog(const XlAt& at, Definition& definition) {
    const auto action = choice<LifecycleAction>(at, crash_actions, LifecycleAction::destroy);
    if (action != definition.on_crash)
        at.unsupported("'on_watchdog' must be what 'on_crash' is, which is '{}'",
                       word_for<LifecycleAction>(definition.on_crash, crash_actions));
}
void write_on_watchdog(const Definition& definition, XlWriter& writer) {
    writer.text("on_watchdog", word_for<LifecycleAction>(definition.on_crash, crash_actions));
}

void read_on_soft_reset(const XlAt& at, Definition& definition) {
    if (at.text() != soft_reset_word(definition))
        at.unsupported("'on_soft_reset' must be '{}' here, as 'on_reboot' is '{}'",
                       soft_reset_word(definition),
                       word_for<LifecycleAction>(definition.on_reboot, crash_actions));
}
void write_on_soft_reset(const Definition& definition, XlWriter& writer) {
    writer.text("on_soft_reset", soft_reset_word(definition));
}

constexpr XlOption general_options[] = {
    {"type", "`os/type`", read_type, write_type},
    {"builder", "`os/type`", read_builder, nullptr, "type"},
    {"name", "`name`", read_name, write_name},
    {"uuid", "`uuid`; a new one where it is missing", read_uuid, write_uuid},
    {"memory", "`currentMemory`", read_memory, write_memory},
    {"maxmem", "`memory`", read_maxmem, write_maxmem},
    {"vcpus", "`vcpu/@current`", read_vcpus, write_vcpus},
    {"maxvcpus", "`vcpu`", read_maxvcpus, write_maxvcpus},
    {"on_poweroff", "`on_poweroff`; cores are kept of crashes only", read_on_poweroff, write_on_poweroff},
    {"on_reboot", "`on_reboot`; as on_poweroff", read_on_reboot, write_on_reboot},
    {"on_crash", "`on_crash`", read_on_crash, write_on_crash},
    {"on_watchdog",
     "`on_crash`, which it must not differ from; `import` tells where xl's default, destroy, does",
     read_on_watchdog, write_on_watchdog},
    {"on_soft_reset",
     "soft-reset where `on_reboot` restarts, else the same as that; `import` tells where xl's default, "
     "soft-reset, is not",
     read_on_soft_reset, write_on_soft_reset},
};

}  // namespace

constinit const XlOptions xl_general_options = general_options;

}  // namespace virtlight::domain
