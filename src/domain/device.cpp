// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/device.hpp"

#include <algorithm>
#include <array>
#include <ranges>

#include "domain/device_kinds.hpp"
#include "domain/text.hpp"
#include "domain/xml_document.hpp"
#include "domain/xml_parts.hpp"

namespace virtlight::domain {
namespace {

/// How each kind is written, and read.
struct LiveKind {
    std::string_view element;
    Device (*read)(const XmlElement&);
};

/// A definition says what a controller is that says nothing; alone, it must say so itself.
Device read_controller(const XmlElement& element) {
    if (!is_usb_controller(element))
        element.unsupported("only a <controller> of type 'usb' can be added or removed");
    for (const auto* const attribute : {"index", "model"})
        if (!element.attribute(attribute)) element.invalid("<controller> has no attribute '{}'", attribute);
    return read_usb_controller(element, UsbController::Model::qusb2, 0);
}

Device read_interface(const XmlElement& element) {
    if (is_network_card(element)) return read_network_card(element);
    return read_nic(element);
}

Device read_host_device(const XmlElement& element) {
    return std::visit([](const auto& device) -> Device { return device; }, read_hostdev(element));
}

constexpr std::array live_kinds = {
    LiveKind{"disk", [](const XmlElement& element) -> Device { return read_disk(element); }},
    LiveKind{"interface", read_interface},
    LiveKind{"hostdev", read_host_device},
    LiveKind{"controller", read_controller},
};

/// No other device of the guest may have the user's alias.
Result<> check_alias_is_free(const Definition& definition, const std::string& alias) {
    if (alias.empty()) return {};
    for (const auto& [taken, device] : users_aliases(definition))
        if (taken == alias)
            return fail(Reason::invalid_argument, "alias '{}' is that of {} already", alias, device);
    return {};
}

/// What is not said is as it was.
void keep_alias(const auto& before, auto& device) {
    if (device.alias.empty()) device.alias = before.alias;
}

}  // namespace

bool is_live_device(std::string_view element) {
    return std::ranges::find(live_kinds, element, &LiveKind::element) != live_kinds.end();
}

Result<Device> parse_device(std::string_view xml) {
    const auto document = load_document(xml);
    if (!document) return std::unexpected(document.error());
    XmlReading reading(**document);
    const auto root = reading.root();
    const auto* const kind = std::ranges::find(live_kinds, root.name(), &LiveKind::element);
    if (kind == live_kinds.end() || !root.namespace_uri().empty())
        return fail(Reason::unsupported_config,
                    "device <{}> cannot be added, removed or changed while the guest runs, but in its "
                    "definition, for its next start; allowed are: {}",
                    shown(root.name()),
                    fmt::join(std::views::transform(live_kinds, &LiveKind::element), ", "));
    auto device = kind->read(root);
    if (auto done = reading.finish(); !done) return std::unexpected(std::move(done.error()));
    return device;
}

std::string name_of(const Device& device) {
    return std::visit([](const auto& one) { return kinds::named(one); }, device);
}

std::string alias_of(const Device& device) {
    return std::visit([](const auto& one) { return one.alias.empty() ? alias_of(one) : one.alias; }, device);
}

std::string users_alias_of(const Device& device) {
    return std::visit([](const auto& one) { return one.alias; }, device);
}

Result<> add_device(Definition& definition, Device device) {
    if (auto free = check_alias_is_free(definition, users_alias_of(device)); !free) return free;
    return std::visit([&](auto& one) { return kinds::add(definition, std::move(one)); }, device);
}

std::vector<Device> all_devices(const Definition& definition) {
    std::vector<Device> all;
    const auto add = [&](const auto& devices) { all.insert(all.end(), devices.begin(), devices.end()); };
    add(definition.disks);
    add(definition.nics);
    add(definition.pci_devices);
    add(definition.usb.controllers);
    add(definition.usb.devices);
    return all;
}

Result<Device> find_device(const Definition& definition, const Device& like) {
    return std::visit(
        [&](const auto& wanted) -> Result<Device> {
            for (const auto& one : kinds::all(definition, wanted))
                if (kinds::same_place(one, wanted)) return one;
            return fail(Reason::no_device, "the domain has no {}", kinds::named(wanted));
        },
        like);
}

Result<Device> find_device(const Definition& definition, std::string_view alias) {
    for (auto& device : all_devices(definition))
        if (alias_of(device) == alias) return std::move(device);
    return fail(Reason::no_device, "the domain has no device with alias '{}'", shown(alias));
}

Result<> remove_device(Definition& definition, const Device& like) {
    if (const auto there = find_device(definition, like); !there) return std::unexpected(there.error());
    return std::visit(
        [&](const auto& gone) -> Result<> {
            if (auto good = kinds::check_unused(definition, gone); !good) return good;
            std::erase_if(kinds::all(definition, gone),
                          [&](const auto& one) { return kinds::same_place(one, gone); });
            return {};
        },
        like);
}

Result<> replace_device(Definition& definition, Device device) {
    return std::visit(
        [&]<class One>(One& wanted) -> Result<> {
            auto& devices = kinds::all(definition, wanted);
            const auto before =
                std::ranges::find_if(devices, [&](const One& one) { return kinds::same_place(one, wanted); });
            if (before == devices.end())
                return fail(Reason::no_device, "the domain has no {}", kinds::named(wanted));
            if (auto good = kinds::check_unused(definition, wanted); !good) return good;
            kinds::settle(definition, wanted);
            kinds::inherit(*before, wanted);
            keep_alias(*before, wanted);
            auto others = definition;
            std::erase(kinds::all(others, wanted), *before);
            if (auto free = check_alias_is_free(others, wanted.alias); !free) return free;
            if (auto good = kinds::add(others, wanted); !good) return good;
            *before = std::move(wanted);
            return {};
        },
        device);
}

Result<Device> placed(const Definition& running, Device device) {
    return std::visit([&](auto& one) -> Result<Device> { return kinds::place(running, std::move(one)); },
                      device);
}

bool is_medium(const Definition& running, const Device& device) {
    const auto is_drive = [](const Device& one) {
        const auto* const disk = std::get_if<Disk>(&one);
        return disk && disk->device == Disk::Device::cdrom;
    };
    if (!is_drive(device)) return false;
    const auto there = find_device(running, device);
    return there && is_drive(*there);
}

Result<> check_live_unplug(const Definition& running, const Device& device) {
    return std::visit([&](const auto& one) { return kinds::check_unplug(running, one); }, device);
}

Result<> check_live_change(const Definition& running, const Device& wanted) {
    const auto now = find_device(running, wanted);
    if (!now) return std::unexpected(now.error());
    return std::visit(
        [&]<class One>(const One& before) -> Result<> {
            auto asked = std::get<One>(wanted);
            keep_alias(before, asked);
            if (asked.alias != before.alias)
                return fail(Reason::unsupported_operation,
                            "the alias of {} cannot be changed while the guest runs", kinds::named(before));
            return kinds::check_change(running, before, asked);
        },
        *now);
}

}  // namespace virtlight::domain
