// SPDX-License-Identifier: LGPL-2.1-or-later
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "simulation/random_run.hpp"

/// What clients have changed of a domain, while it runs or for its next start.
namespace virtlight::simulation {

using domain::Definition;
using manager::Affects;

namespace {

/// What it makes of the definition counts only if that is to be changed.
Wish wish_for(const Definition& guest, Affects affects, std::function<void(Definition&)> change) {
    return {.kind = affects.definition ? Wish::Kind::change : Wish::Kind::other,
            .uuid = guest.uuid,
            .change = std::move(change),
            .stays = affects.guest && affects.definition ? Wish::Stays::stored : Wish::Stays::nowhere};
}

}  // namespace

Affects RandomRun::some_affects() {
    const bool guest = chance_.one_in(2);
    return {.guest = guest, .definition = !guest || chance_.one_in(2)};
}

void RandomRun::rename() {
    const auto& guest = known_guest();
    const auto name = some_name();
    ask(fmt::format("rename {} to '{}'", to_string(guest.uuid), name),
        {.kind = Wish::Kind::change,
         .uuid = guest.uuid,
         .change = [name](Definition& definition) { definition.name = name; },
         .stays = Wish::Stays::in_xen},
        manager().rename(guest.uuid, name));
}

void RandomRun::set_memory() {
    const auto& guest = known_guest();
    const auto affects = some_affects();
    const std::uint64_t kib = 1024 * (1 + chance_.below(6));
    ask(fmt::format("set the memory of '{}' to {}", guest.name, kib),
        wish_for(guest, affects, [kib](Definition& definition) { definition.memory_kib = kib; }),
        manager().set_memory(guest.uuid, kib, affects));
}

void RandomRun::set_vcpus() {
    const auto& guest = known_guest();
    const auto affects = some_affects();
    const auto vcpus = 1 + chance_.below(4);
    ask(fmt::format("set the vCPUs of '{}' to {}", guest.name, vcpus),
        wish_for(guest, affects, [vcpus](Definition& definition) { definition.vcpus = vcpus; }),
        manager().set_vcpus(guest.uuid, vcpus, affects));
}

// Devices: of one of a few, at one of a few places. They clash now and then.

domain::Disk RandomRun::some_disk() {
    const bool shareable = chance_.one_in(2);
    return {.target = {.index = chance_.below(3)},
            .source = domain::Disk::Source::file,
            .path = some_file(),
            .shareable = shareable};
}

domain::Disk RandomRun::some_cd() {
    domain::Disk drive{.target = domain::parse_disk_name("hdc").value(),
                       .device = domain::Disk::Device::cdrom,
                       .readonly = true};
    if (chance_.one_in(3)) return drive;
    drive.source = domain::Disk::Source::file;
    drive.path = some_file();
    return drive;
}

domain::Nic RandomRun::some_nic() {
    const auto last = static_cast<std::uint8_t>(1 + chance_.below(4));
    const auto rate = chance_.below(3);
    return {.mac = {{0x00, 0x16, 0x3e, 0, 0, last}},
            .bridge = "xenbr0",
            .rate_kib = rate,
            .link_down = rate == 1};
}

domain::Device RandomRun::some_device() {
    if (chance_.one_in(2)) return some_disk();
    return some_nic();
}

std::string RandomRun::some_file() {
    static constexpr std::string_view files[] = {"/proc/self/exe", "/etc/passwd"};
    return std::string(chance_.pick(files));
}

void RandomRun::attach() {
    const auto& guest = known_guest();
    const auto affects = some_affects();
    const auto device = some_device();
    ask(fmt::format("give '{}' {}", guest.name, name_of(device)),
        wish_for(guest, affects,
                 [device](Definition& definition) { std::ignore = add_device(definition, device); }),
        manager().attach_device(guest.uuid, device, affects));
}

void RandomRun::detach() {
    const auto& guest = known_guest();
    const auto affects = some_affects();
    const auto device = some_device();
    ask(fmt::format("take {} from '{}'", name_of(device), guest.name),
        wish_for(guest, affects,
                 [device](Definition& definition) { std::ignore = remove_device(definition, device); }),
        manager().detach_device(guest.uuid, device, affects));
}

void RandomRun::update() {
    const auto& guest = known_guest();
    const auto affects = some_affects();
    const auto device = chance_.one_in(2) ? domain::Device(some_cd()) : domain::Device(some_nic());
    ask(fmt::format("change {} of '{}'", name_of(device), guest.name),
        wish_for(guest, affects,
                 [device](Definition& definition) { std::ignore = replace_device(definition, device); }),
        manager().update_device(guest.uuid, device, affects));
}

}  // namespace virtlight::simulation
