// SPDX-License-Identifier: LGPL-2.1-or-later
#include "manager/disk_sizes.hpp"

#include <algorithm>
#include <set>

#include "async/completion.hpp"
#include "base/limits.hpp"

namespace virtlight::manager {

using async::Task;
using domain::Disk;

/// What one caller wants looked at, and how many see to it.
struct DiskSizes::Round {
    std::vector<Disk> left{};
    std::size_t workers = 0;
    async::Completion<bool> done{};
};

Task<> DiskSizes::look(std::vector<Disk> disks, bool all, Duration patience) {
    std::erase_if(disks, [](const Disk& disk) {
        return disk.source == Disk::Source::none || !disk.backend_domain.empty();
    });
    if (all || known_.size() + disks.size() > limits::disk_sizes) keep_only(disks);
    if (patience <= Duration::zero()) co_return;
    const auto round = std::make_shared<Round>();
    round->left = std::move(disks);
    // Each may hang: the next look is begun by whoever has ended one.
    const auto room = limits::disk_looks - std::min(working_, limits::disk_looks);
    round->workers = std::min(room, round->left.size());
    if (round->workers == 0) co_return;
    for (auto more = round->workers; more > 0; --more)
        looks_.spawn(work(round));
    const auto timer =
        core_.scheduler.call_at(core_.scheduler.now() + patience, [done = round->done] { done.set(false); });
    const bool done = co_await round->done;
    if (done) core_.scheduler.cancel(timer);
    round->left.clear();
}

std::optional<hypervisor::DiskSize> DiskSizes::of(const Disk& disk) const {
    const auto found = known_.find(key_of(disk));
    return found == known_.end() ? std::nullopt : found->second.size;
}

/// What was known of others is not wanted any more.
void DiskSizes::keep_only(const std::vector<Disk>& disks) {
    std::set<Key> wanted;
    for (const auto& disk : disks)
        wanted.insert(key_of(disk));
    std::erase_if(known_,
                  [&](const auto& entry) { return !entry.second.looking && !wanted.contains(entry.first); });
}

Task<> DiskSizes::work(std::shared_ptr<Round> round) {
    ++working_;
    while (!round->left.empty()) {
        const auto disk = std::move(round->left.back());
        round->left.pop_back();
        if (std::exchange(known_[key_of(disk)].looking, true)) continue;
        auto size = co_await core_.hypervisor.disk_size(disk);
        auto& known = known_[key_of(disk)];
        known.looking = false;
        if (size)
            known.size = *size;
        else if (size.error().reason != Reason::timed_out)
            known.size.reset();
    }
    --working_;
    if (--round->workers == 0) round->done.set(true);
}

}  // namespace virtlight::manager
