// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/device.hpp"

#include <algorithm>
#include <array>
#include <ranges>

#include "domain/text.hpp"
#include "domain/xml_document.hpp"
#include "domain/xml_parts.hpp"

namespace virtlight::domain {
namespace {

/// How each kind is written, and read.
struct Kind {
    std::string_view element;
    Device (*read)(const XmlElement&);
};

constexpr std::array kinds = {
    Kind{"disk", [](const XmlElement& element) -> Device { return read_disk(element); }},
};

// Disks

auto& all(auto& definition, const Disk&) {
    return definition.disks;
}

bool same_place(const Disk& one, const Disk& other) {
    return one.target == other.target;
}

std::string named(const Disk& disk) {
    return "disk " + to_string(disk.target);
}

Result<> add(Definition& definition, Disk disk) {
    if (auto good = check_disk(disk, definition.type); !good) return good;
    return add_disk(definition.disks, std::move(disk), definition.type);
}

/// What a device model emulates is there from its start to its end.
Result<> check_plug(const Definition& running, const Disk& disk) {
    const bool emulated = disk.device == Disk::Device::cdrom || disk.target.bus != DiskBus::xen;
    if (running.type != GuestType::hvm || !emulated) return {};
    return fail(
        Reason::unsupported_operation,
        "disk {} of an HVM guest is emulated, and cannot come or go while the guest runs; a disk on bus "
        "'xen' can, as xvde",
        to_string(disk.target));
}

/// What is in a CD drive can be changed, and nothing else.
Result<> check_change(const Definition& running, const Disk& now, const Disk& wanted) {
    const bool drive = now.device == Disk::Device::cdrom && wanted.device == Disk::Device::cdrom;
    if (!drive || running.type != GuestType::hvm)
        return fail(
            Reason::unsupported_operation,
            "disk {} cannot be changed while the guest runs; only what is in a CD drive of an HVM guest can",
            to_string(now.target));
    auto with_this_medium = now;
    with_this_medium.source = wanted.source;
    with_this_medium.path = wanted.path;
    with_this_medium.format = wanted.format;
    with_this_medium.backend = wanted.backend;  // the device model serves it in any case
    if (with_this_medium == wanted) return {};
    return fail(Reason::unsupported_operation,
                "only what is in CD drive {} can be changed while the guest runs, not how it is attached",
                to_string(now.target));
}

}  // namespace

Result<Device> parse_device(std::string_view xml) {
    const auto document = load_document(xml);
    if (!document) return std::unexpected(document.error());
    XmlReading reading(**document);
    const auto root = reading.root();
    const auto* const kind = std::ranges::find(kinds, root.name(), &Kind::element);
    if (kind == kinds.end() || !root.namespace_uri().empty())
        return fail(Reason::unsupported_config,
                    "device <{}> cannot be added or changed here; allowed are: {}", shown(root.name()),
                    fmt::join(std::views::transform(kinds, &Kind::element), ", "));
    auto device = kind->read(root);
    if (auto done = reading.finish(); !done) return std::unexpected(std::move(done.error()));
    return device;
}

std::string name_of(const Device& device) {
    return std::visit([](const auto& one) { return named(one); }, device);
}

std::string alias_of(const Device& device) {
    return std::visit([](const auto& one) { return alias_of(one); }, device);
}

Result<> add_device(Definition& definition, Device device) {
    return std::visit([&](auto& one) { return add(definition, std::move(one)); }, device);
}

Result<Device> find_device(const Definition& definition, const Device& like) {
    return std::visit(
        [&](const auto& wanted) -> Result<Device> {
            for (const auto& one : all(definition, wanted))
                if (same_place(one, wanted)) return one;
            return fail(Reason::no_device, "the domain has no {}", named(wanted));
        },
        like);
}

Result<Device> find_device(const Definition& definition, std::string_view alias) {
    for (const auto& disk : definition.disks)
        if (alias_of(disk) == alias) return disk;
    return fail(Reason::no_device, "the domain has no device with alias '{}'", shown(alias));
}

void remove_device(Definition& definition, const Device& like) {
    std::visit(
        [&](const auto& gone) {
            std::erase_if(all(definition, gone), [&](const auto& one) { return same_place(one, gone); });
        },
        like);
}

Result<> replace_device(Definition& definition, Device device) {
    if (const auto there = find_device(definition, device); !there) return std::unexpected(there.error());
    remove_device(definition, device);
    return add_device(definition, std::move(device));
}

Result<> check_live_plug(const Definition& running, const Device& device) {
    return std::visit([&](const auto& one) { return check_plug(running, one); }, device);
}

Result<> check_live_change(const Definition& running, const Device& wanted) {
    const auto now = find_device(running, wanted);
    if (!now) return std::unexpected(now.error());
    return std::visit(
        [&]<class One>(const One& before) { return check_change(running, before, std::get<One>(wanted)); },
        *now);
}

}  // namespace virtlight::domain
