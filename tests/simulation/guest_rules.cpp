// SPDX-License-Identifier: LGPL-2.1-or-later
#include "simulation/guest_rules.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace virtlight::simulation {

using hypervisor::DomainSeen;
using hypervisor::StopReason;
using simulated::DomId;

GuestRules::GuestRules(const simulated::Machine& machine, std::filesystem::path managed)
    : machine_(machine), managed_(std::move(managed)) {}

std::optional<DomainSeen> GuestRules::find(DomId domid) const {
    const auto snapshot = machine_.look();
    const auto found = std::ranges::find(snapshot.domains, domid, &DomainSeen::domid);
    if (found == snapshot.domains.end() || found->dying) return std::nullopt;
    return *found;
}

bool GuestRules::runs_again(Uuid uuid) const {
    const auto snapshot = machine_.look();
    return std::ranges::any_of(snapshot.domains, [&](const DomainSeen& seen) {
        const bool ran = !seen.paused || seen.stopped || seen.cpu_time > nanoseconds() || has_run(seen.domid);
        return seen.uuid == uuid && ran && !seen.dying && machine_.describe(seen.domid);
    });
}

std::optional<Uuid> GuestRules::owner(const std::filesystem::path& path) const {
    if (path.parent_path() != managed_ || (path.extension() != ".image" && path.extension() != ".used"))
        return std::nullopt;
    return Uuid::parse(path.stem().string());
}

void GuestRules::step() {
    // A domid is free for others once its domain is gone, and that is a step of its own.
    if (std::exchange(domains_, machine_.size()) == machine_.size()) return;
    for (const auto& seen : machine_.look().domains)
        lived_.emplace(seen.uuid, seen.domid);
    for (auto* domids : {&ran_, &xl_ran_, &imaged_, &doomed_})
        std::erase_if(*domids, [this](DomId domid) { return !find(domid); });
}

void GuestRules::runs(DomId domid) {
    const auto seen = find(domid);
    if (!seen) return;
    ran_.insert(domid);
    imaged_.erase(domid);
    for (auto& [path, used] : images_)
        used = used || owner(path) == seen->uuid;
}

void GuestRules::saving_ended(DomId domid, const std::filesystem::path& path) {
    if (const auto saved = saving_.find(path); saved != saving_.end() && saved->second == domid)
        saving_.erase(saved);
}

void GuestRules::restores(Uuid uuid, const std::filesystem::path& path) {
    const auto found = images_.find(path);
    if (owner(path) == uuid && found != images_.end() && found->second)
        broken_ += fmt::format("'{}' is restored although its guest has run since\n", path.string());
}

void GuestRules::was_to_be_destroyed(Uuid uuid) {
    for (const auto& seen : machine_.look().domains)
        if (seen.uuid == uuid) doomed_.insert(seen.domid);
}

void GuestRules::destroys(DomId domid, bool asked) {
    const auto seen = find(domid);
    if (asked || doomed_.contains(domid) || !seen || !ran_.contains(domid)) return;
    if (seen->stopped && seen->stopped != StopReason::suspend) return;
    if (!seen->stopped)
        broken_ += fmt::format("domid {} of {} runs, and is removed although nobody wants it\n", domid,
                               to_string(seen->uuid));
    else if (!imaged_.contains(domid))
        broken_ += fmt::format("domid {} is removed before it is saved\n", domid);
}

void GuestRules::renamed(const std::filesystem::path& from, const std::filesystem::path& to) {
    // What has had the name before gets it back by the same exchange as the image did.
    if (const auto saved = saving_.find(to); saved != saving_.end())
        if (const bool anew = imaged_.insert(saved->second).second; !anew) imaged_.erase(saved->second);
    const auto before = images_.extract(from);
    if (owner(to)) images_[to] = before && before.mapped();
}

void GuestRules::removed(const std::filesystem::path& path, bool asked) {
    // Of a save that is under way nobody was told: it may withdraw what it could not sync.
    const auto saved = saving_.find(path);
    const bool withdrawn = saved != saving_.end();
    if (withdrawn) imaged_.erase(saved->second);
    const auto used = images_.extract(path);
    if (used && !used.mapped() && !asked && !withdrawn && !runs_again(*owner(path)))
        broken_ += fmt::format("'{}' is removed, and its guest does not run\n", path.string());
}

}  // namespace virtlight::simulation
