// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <optional>
#include <ranges>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/limits.hpp"
#include "base/log.hpp"
#include "manager/devices.hpp"
#include "manager/operations.hpp"

/// What a guest has while its devices are changed: as was asked for, or, where nobody can be sure of that, as
/// Xen says.
namespace virtlight::manager {

using async::Task;
using domain::Definition;
using domain::Device;

namespace {

/// What can be changed of a network interface while its guest runs.
void take_nics(const Definition& seen, Definition& ours, std::vector<std::string>& changes) {
    for (auto& nic : ours.nics) {
        const auto now = std::ranges::find(seen.nics, nic.mac, &domain::Nic::mac);
        if (now == seen.nics.end()) continue;
        const auto name = name_of(Device(nic));
        if (std::exchange(nic.rate_kib, now->rate_kib) != now->rate_kib)
            changes.push_back(name + " has got another bandwidth");
        if (std::exchange(nic.link_down, now->link_down) != now->link_down)
            changes.push_back(fmt::format("the link of {} is {} now", name, nic.link_down ? "down" : "up"));
    }
}

/// What is in a drive, and how it is served; Xen knows nothing of the rest.
void take_medium(domain::Disk seen, domain::Disk& drive) {
    seen.alias = drive.alias;
    seen.shareable = drive.shareable;
    drive = std::move(seen);
}

/// What a look at a guest's devices has changed of its definition.
struct Found {
    std::vector<std::string> changes{};  ///< in words
    std::vector<domain::EventKind> told{};
};

/// Without what comes though it was given up: whoever attaches it removes it again.
Definition without_late(Definition seen, const std::optional<Definition>& may_come) {
    if (may_come)
        for (const auto& device : domain::all_devices(*may_come))
            std::ignore = domain::remove_device(seen, device);
    return seen;
}

/// Makes the devices of `ours` those of `seen`.
Found take_devices(const Definition& seen, Definition& ours) {
    Found found;
    for (const auto& device : std::views::reverse(domain::all_devices(ours))) {
        if (domain::find_device(seen, device) || !domain::remove_device(ours, device)) continue;
        found.changes.push_back(name_of(device) + " has gone");
        found.told.emplace_back(domain::DeviceRemoved{domain::alias_of(device)});
    }
    for (const auto& device : domain::all_devices(seen)) {
        if (domain::find_device(ours, device) || !domain::add_device(ours, device)) continue;
        found.changes.push_back(name_of(device) + " has come");
        found.told.emplace_back(domain::DeviceAdded{domain::alias_of(device)});
    }
    for (auto& drive : ours.disks) {
        const auto now = std::ranges::find(seen.disks, drive.target, &domain::Disk::target);
        if (now == seen.disks.end() || now->path == drive.path) continue;
        take_medium(*now, drive);
        const auto medium = drive.path.empty() ? " has no medium any more" : " has got another medium";
        found.changes.push_back(name_of(Device(drive)) + medium);
        found.told.emplace_back(domain::MediumChanged{domain::alias_of(Device(drive)), !drive.path.empty()});
    }
    take_nics(seen, ours, found.changes);
    return found;
}

/// What else than its devices the guest is held for.
std::optional<Held> held_otherwise(const Domain& domain) {
    const auto held = held_for(domain);
    if (held == Held::no || held == Held::devices) return std::nullopt;
    // One that was never let run goes with its devices should the daemon be killed. That one has been, nobody
    // notes.
    const bool never_ran = domain.status == domain::Status(domain::PausedReason::starting_up);
    if (held == Held::starting && !never_ran) return std::nullopt;
    return held;
}

}  // namespace

/// What fails may have happened by half.
Task<Result<>> Devices::change_guest(DomainRef domain, Change change, Act act,
                                     std::optional<domain::EventKind> told) {
    if (auto guest = require_guest(*domain); !guest) co_return guest;
    const auto life = domain->life->id;
    const auto domid = domain->life->domid;
    const auto held = held_otherwise(*domain);
    auto done = co_await note_life(core_, domain, held.value_or(Held::devices));
    const bool noted(done);
    if (done) done = co_await act(domid);
    const auto lives = [&] { return domain->life && domain->life->id == life; };
    if (lives() && done) std::ignore = change(domain->life->definition);
    if (lives() && done && told) core_.tell(*domain, *told);
    const bool known = done || !noted || co_await look_after_failure(domain, life);
    // The next daemon looks otherwise.
    if (lives() && known)
        co_await note_or_warn(core_, domain, "which devices it has", held.value_or(Held::no));
    co_return without_guest(std::move(done));
}

Task<bool> Devices::look_after_failure(DomainRef domain, hypervisor::LifeId life) {
    if (core_.stopping) co_return false;
    const auto seen = co_await look_at(domain, life);
    if (!seen) co_return false;
    if (!*seen) co_return true;
    const auto found = take_devices(without_late(**seen, domain->life->may_come), domain->life->definition);
    for (const auto& what : found.changes) {
        log::notice("domain '{}': {} by a change that has failed", domain->name, what);
        core_.timeline.note(*domain, what + " by a change that has failed");
    }
    for (const auto& told : found.told)
        core_.tell(*domain, told);
    co_return true;
}

/// What Xen says of the guest's devices. Empty: it has ended. What made the change fail may hold up this,
/// too, and the guest's turn with it: for a while only.
Task<Result<std::optional<Definition>>> Devices::look_at(DomainRef domain, hypervisor::LifeId life) {
    const auto lives = [&] { return domain->life && domain->life->id == life; };
    if (!lives()) co_return std::nullopt;
    const Bounded bounded(core_, limits::tuning_deadline);
    auto seen = co_await core_.hypervisor.describe(domain->life->domid, bounded.operation().cancel);
    if (!lives()) co_return std::nullopt;
    domain->life->devices_unsure = !seen;
    if (seen) co_return std::optional(*std::move(seen));
    log::warning("domain '{}' may have other devices than are shown: {}", domain->name, seen.error().message);
    co_return std::unexpected(seen.error());
}

Task<Result<>> Devices::look_again(DomainRef domain, hypervisor::LifeId life) {
    const auto seen = co_await look_at(domain, life);
    if (!seen) co_return std::unexpected(seen.error());
    if (!*seen) co_return Result<>{};
    for (const auto& what : take_devices(**seen, domain->life->definition).changes) {
        log::notice("domain '{}': {} while the daemon was away", domain->name, what);
        core_.timeline.note(*domain, what + " while the daemon was away");
    }
    co_await settle_password(core_, domain);
    if (!domain->life || domain->life->id != life) co_return Result<>{};
    co_await note_or_warn(core_, domain, "which devices it has", held_otherwise(*domain).value_or(Held::no));
    co_return Result<>{};
}

}  // namespace virtlight::manager
