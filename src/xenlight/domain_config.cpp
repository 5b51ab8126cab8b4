// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/domain_config.hpp"

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

#include "base/limits.hpp"
#include "domain/serial_source.hpp"
#include "xenlight/channels.hpp"
#include "xenlight/cpu_tuning.hpp"
#include "xenlight/disks.hpp"
#include "xenlight/host_devices.hpp"
#include "xenlight/labels.hpp"
#include "xenlight/nics.hpp"
#include "xenlight/numa.hpp"
#include "xenlight/platform.hpp"
#include "xenlight/screens.hpp"
#include "xenlight/settings.hpp"
#include "xenlight/words.hpp"

namespace virtlight::xenlight {
namespace {

using domain::Console;
using domain::Definition;
using domain::GuestType;
using domain::LifecycleAction;
using domain::SerialSource;

constexpr std::array types = {
    std::pair{GuestType::pv, LIBXL_DOMAIN_TYPE_PV},
    std::pair{GuestType::pvh, LIBXL_DOMAIN_TYPE_PVH},
    std::pair{GuestType::hvm, LIBXL_DOMAIN_TYPE_HVM},
};

constexpr std::array actions = {
    std::pair{LifecycleAction::destroy, LIBXL_ACTION_ON_SHUTDOWN_DESTROY},
    std::pair{LifecycleAction::restart, LIBXL_ACTION_ON_SHUTDOWN_RESTART},
    std::pair{LifecycleAction::rename_restart, LIBXL_ACTION_ON_SHUTDOWN_RESTART_RENAME},
    std::pair{LifecycleAction::preserve, LIBXL_ACTION_ON_SHUTDOWN_PRESERVE},
    std::pair{LifecycleAction::coredump_destroy, LIBXL_ACTION_ON_SHUTDOWN_COREDUMP_DESTROY},
    std::pair{LifecycleAction::coredump_restart, LIBXL_ACTION_ON_SHUTDOWN_COREDUMP_RESTART},
};

constexpr std::array boot_letters = {
    std::pair{domain::BootDevice::floppy, 'a'},
    std::pair{domain::BootDevice::disk, 'c'},
    std::pair{domain::BootDevice::cdrom, 'd'},
    std::pair{domain::BootDevice::network, 'n'},
};

constexpr std::array bioses = {
    std::pair{domain::Firmware::chosen, LIBXL_BIOS_TYPE_UNKNOWN},
    std::pair{domain::Firmware::bios, LIBXL_BIOS_TYPE_SEABIOS},
    std::pair{domain::Firmware::efi, LIBXL_BIOS_TYPE_OVMF},
};

void write_vcpus(const Definition& definition, libxl_domain_build_info& info) {
    info.max_vcpus = static_cast<int>(definition.vcpus_max);
    info.avail_vcpus.size = (definition.vcpus_max + 7) / 8;
    info.avail_vcpus.map = allocate<std::uint8_t>(info.avail_vcpus.size);
    for (unsigned vcpu = 0; vcpu < definition.vcpus; ++vcpu)
        libxl_bitmap_set(&info.avail_vcpus, static_cast<int>(vcpu));
}

/// A device model counts them in the order in which it is told of them.
void write_serial_ports(const Definition& definition, libxl_domain_build_info& info) {
    std::vector<std::string> ports;
    for (const auto& console : definition.consoles)
        if (console.target == Console::Target::serial) ports.push_back(domain::serial_words(console.source));
    info.u.hvm.serial_list = copy_list(ports);
}

void write_boot(const domain::Boot& boot, libxl_domain_build_info& info) {
    info.kernel = copy(boot.kernel);
    info.ramdisk = copy(boot.initrd);
    info.cmdline = copy(boot.cmdline);
    info.bootloader = copy(boot.bootloader);
    info.bootloader_args = copy_list(boot.bootloader_args);
}

void write_firmware(const domain::Boot& boot, libxl_domain_build_info& info) {
    std::string letters;
    for (const auto device : boot.order)
        letters += xens(boot_letters, device);
    info.u.hvm.boot = copy(letters);
    info.u.hvm.bios = xens(bioses, boot.firmware);
    (boot.firmware == domain::Firmware::efi ? info.u.hvm.system_firmware : info.u.hvm.firmware) =
        copy(boot.loader);
}

void write_hvm(const Definition& definition, libxl_domain_build_info& info) {
    auto& hvm = info.u.hvm;
    libxl_defbool_set(&hvm.pae, definition.features.pae);
    write_serial_ports(definition, info);
    write_firmware(definition.boot, info);
}

/// A port that is "none" is not there, and the next one has its number. One that a definition cannot hold
/// leads nowhere there; what is wrong with the first such one is given.
Result<> add_serial_ports(const libxl_domain_build_info& info, std::vector<Console>& consoles) {
    Result<> all;
    unsigned port = 0;
    const auto add = [&](std::string_view words) {
        if (words == "none") return;
        auto said = domain::parse_serial_source(words);
        if (port == limits::serial_ports)
            said = fail(Reason::unsupported_config, "a guest can have {} serial ports", limits::serial_ports);
        if (all && !said) all = std::unexpected(said.error());
        if (port == limits::serial_ports) return;
        auto source = said ? std::move(said->source) : SerialSource{.kind = SerialSource::Kind::null};
        consoles.push_back({.target = Console::Target::serial, .port = port++, .source = std::move(source)});
    };
    if (info.u.hvm.serial) add(info.u.hvm.serial);
    for (char* const* words = info.u.hvm.serial_list; words && *words; ++words)
        add(*words);
    return all;
}

Result<> check_serial_ports(const libxl_domain_build_info& info, GuestType type) {
    std::vector<Console> consoles;
    return type == GuestType::hvm ? add_serial_ports(info, consoles) : Result<>{};
}

std::vector<std::string> read_list(char* const* texts) {
    std::vector<std::string> all;
    for (; texts && *texts; ++texts)
        all.emplace_back(*texts);
    return all;
}

domain::Boot read_boot(const libxl_domain_build_info& info, GuestType type) {
    domain::Boot boot{
        .kernel = text_of(info.kernel), .initrd = text_of(info.ramdisk), .cmdline = text_of(info.cmdline)};
    if (type != GuestType::hvm) {
        boot.bootloader = text_of(info.bootloader);
        boot.bootloader_args = read_list(info.bootloader_args);
        return boot;
    }
    const auto& hvm = info.u.hvm;
    const std::string_view letters = hvm.boot ? hvm.boot : "cda";
    for (const char letter : letters) {
        const auto* const found =
            std::ranges::find(boot_letters, letter, [](const auto& pair) { return pair.second; });
        if (found != boot_letters.end()) boot.order.push_back(found->first);
    }
    boot.firmware = ours(bioses, hvm.bios, domain::Firmware::chosen);
    boot.loader = text_of(boot.firmware == domain::Firmware::efi ? hvm.system_firmware : hvm.firmware);
    return boot;
}

/// The first thing that the guest has and a definition cannot hold.
Result<> check_devices(const libxl_domain_config& config, GuestType type) {
    const std::pair<std::string_view, int> unknown[] = {
        {"reserved memory regions", config.num_rdms},
        {"device tree nodes", config.num_dtdevs},
        {"virtual sound cards", config.num_vsnds},
    };
    for (const auto& [what, count] : unknown)
        if (count > 0) return fail(Reason::unsupported_config, "it has {}, which are not served yet", what);
    if (auto held = check_nics(config, type); !held) return held;
    if (auto held = check_screen(config); !held) return held;
    if (auto held = check_host_devices(config, type); !held) return held;
    if (auto held = check_serial_ports(config.b_info, type); !held) return held;
    if (auto held = check_channels(config); !held) return held;
    if (auto held = check_shared_folders(config); !held) return held;
    if (auto held = check_platform(config); !held) return held;
    return check_disks(config, type);
}

}  // namespace

void write_config(const Definition& definition, libxl_domain_config& config) {
    const auto type = xens(types, definition.type);
    auto& create = config.c_info;
    create.type = type;
    create.name = copy(definition.name);
    std::ranges::copy(definition.uuid.bytes, create.uuid.uuid);
    if (definition.features.hap) libxl_defbool_set(&create.hap, *definition.features.hap);

    auto& build = config.b_info;
    libxl_domain_build_info_init_type(&build, type);
    build.max_memkb = definition.memory_max_kib;
    build.target_memkb = definition.memory_kib;
    // Too little memory is found before the guest is filled with it.
    libxl_defbool_set(&build.claim_mode, true);
    write_vcpus(definition, build);
    write_boot(definition.boot, build);
    build.device_model = copy(definition.emulator);
    build.extra = copy_list(definition.emulator_args);
    libxl_defbool_set(&build.localtime, definition.clock == domain::ClockOffset::localtime);
    if (definition.type == GuestType::pvh) {
        // Without ACPI it could not power itself off: what is not asked for is left as Xen has it, which is
        // on.
        if (definition.features.acpi) libxl_defbool_set(&build.acpi, true);
        if (definition.features.apic) libxl_defbool_set(&build.apic, true);
    }
    if (definition.type == GuestType::hvm) {
        libxl_defbool_set(&build.acpi, definition.features.acpi);
        libxl_defbool_set(&build.apic, definition.features.apic);
        write_hvm(definition, build);
    }

    write_cpu_tuning(definition, build);
    write_numa(definition, build);
    write_disks(definition, config);
    write_nics(definition, config);
    write_screen(definition, config);
    write_host_devices(definition, config);
    write_channels(definition, config);
    write_shared_folders(definition, config);
    write_platform(definition, config);
    write_settings(definition.settings, config);
    write_label(definition, config);
    spread_region_policy(config);

    // libxl keeps these with the domain and never acts upon them; that is the manager's part.
    config.on_poweroff = xens(actions, definition.on_poweroff);
    config.on_reboot = xens(actions, definition.on_reboot);
    config.on_crash = xens(actions, definition.on_crash);
    config.on_watchdog = config.on_crash;
    config.on_soft_reset = LIBXL_ACTION_ON_SHUTDOWN_DESTROY;
}

Definition read_config(const libxl_domain_config& config) {
    const auto& build = config.b_info;
    const auto type = ours(types, config.c_info.type, GuestType::pv);
    const bool hvm = type == GuestType::hvm;
    Definition definition{
        .name = text_of(config.c_info.name),
        .uuid = uuid_of(config.c_info.uuid),
        .type = type,
        .memory_max_kib = build.max_memkb,
        .memory_kib = std::min(build.target_memkb, build.max_memkb),
        .vcpus_max = static_cast<unsigned>(std::max(build.max_vcpus, 1)),
        .boot = read_boot(build, type),
        .clock = is_on(build.localtime, false) ? domain::ClockOffset::localtime : domain::ClockOffset::utc,
        .on_poweroff = ours(actions, config.on_poweroff, LifecycleAction::destroy),
        .on_reboot = ours(actions, config.on_reboot, LifecycleAction::restart),
        .on_crash = ours(actions, config.on_crash, LifecycleAction::destroy),
        .emulator = text_of(build.device_model),
        .emulator_args = read_list(build.extra),
        .disks = read_disks(config, type),
    };
    const auto available = static_cast<unsigned>(libxl_bitmap_count_set(&build.avail_vcpus));
    definition.vcpus = std::clamp(available, 1U, definition.vcpus_max);
    definition.cpu_tuning = read_cpu_tuning(build);
    definition.numa = read_numa(build);
    if (definition.type != GuestType::pv) {
        definition.features.acpi = is_on(build.acpi, true);
        definition.features.apic = is_on(build.apic, true);
        definition.features.pae = hvm && is_on(build.u.hvm.pae, true);
        if (!libxl_defbool_is_default(config.c_info.hap))
            definition.features.hap = libxl_defbool_val(config.c_info.hap);
    }
    definition.nics = read_nics(config, definition.type);
    read_screen(config, definition);
    read_platform(config, definition);
    definition.label = read_label(config);
    definition.settings = read_settings(config, type);
    if (hvm) std::ignore = add_serial_ports(build, definition.consoles);
    if (definition.consoles.empty()) definition.consoles = {{.target = Console::Target::xen, .port = 0}};
    read_channels(config, definition);
    read_shared_folders(config, definition);
    read_host_devices(config, definition);
    return definition;
}

Result<Definition> read_whole_config(const libxl_domain_config& config) {
    auto definition = read_config(config);
    if (auto held = check_devices(config, definition.type); !held)
        return std::unexpected(std::move(held.error()));
    if (auto held = check_numa(definition); !held) return std::unexpected(std::move(held.error()));
    return definition;
}

Result<Definition> read_xl_config(libxl_ctx* ctx, const std::string& json) {
    DomainConfig config;
    if (libxl_domain_config_from_json(ctx, config.get(), json.c_str()) != 0)
        return fail(Reason::invalid_argument, "what xl has written of its guest cannot be read");
    auto definition = read_whole_config(*config);
    if (!definition)
        return fail(definition.error().reason, "the guest that xl has saved cannot be described: {}",
                    definition.error().message);
    for (auto* const memory : {&definition->memory_max_kib, &definition->memory_kib})
        if (*memory == 0 || *memory == LIBXL_MEMKB_DEFAULT)
            return fail(Reason::invalid_argument,
                        "what xl has written of its guest says nothing of its memory");
    return definition;
}

Uuid uuid_of(const libxl_uuid& uuid) {
    Uuid result;
    std::ranges::copy(uuid.uuid, result.bytes.begin());
    return result;
}

std::optional<GuestType> guest_type_of(std::string_view word) {
    if (word == "pv") return GuestType::pv;
    if (word == "pvh") return GuestType::pvh;
    if (word == "hvm") return GuestType::hvm;
    return std::nullopt;
}

}  // namespace virtlight::xenlight
