// SPDX-License-Identifier: LGPL-2.1-or-later
#include "manager/disk_sizes.hpp"

#include <algorithm>

#include "async/completion.hpp"
#include "async/timing.hpp"
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
    const auto round = std::make_shared<Round>();
    round->left = std::move(disks);
    if (all || known_.size() + round->left.size() > limits::disk_sizes) co_await keep_only(round);
    if (patience <= Duration::zero()) co_return;
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

/// What was known of others is not wanted any more, unless it was learnt meanwhile.
Task<> DiskSizes::keep_only(std::shared_ptr<Round> round) {
    const auto& wanted = round->left;
    const auto time = ++times_kept_;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        if (i > 0 && i % limits::stats_per_step == 0) co_await async::give_way(core_.scheduler);
        if (const auto found = known_.find(key_of(wanted[i])); found != known_.end())
            found->second.kept = time;
    }
    std::erase_if(known_,
                  [time](const auto& entry) { return !entry.second.looking && entry.second.kept < time; });
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
        known.kept = times_kept_;
        if (size)
            known.size = *size;
        else if (size.error().reason != Reason::timed_out)
            known.size.reset();
    }
    --working_;
    if (--round->workers == 0) round->done.set(true);
}

}  // namespace virtlight::manager
