// SPDX-License-Identifier: LGPL-2.1-or-later
#include "console/history_keeper.hpp"

#include <utility>

#include "base/file.hpp"
#include "base/log.hpp"

namespace virtlight::console {

HistoryKeeper::HistoryKeeper(async::Scheduler& loop, async::Blocking& disk, std::filesystem::path folder,
                             const Settings& settings, std::function<const Ring*(const HistoryKey&)> now)
    : loop_(loop), disk_(disk), folder_(std::move(folder)), settings_(settings), now_(std::move(now)) {}

HistoryKeeper::~HistoryKeeper() {
    loop_.cancel(save_timer_);
}

async::Task<> HistoryKeeper::read() {
    auto read_all = [folder = folder_, size = settings_.history] {
        // Without the folder each write says what is wrong with it.
        static_cast<void>(make_folder(folder));
        return read_histories(folder, size);
    };
    auto kept = co_await async::run_blocking(disk_, loop_, std::move(read_all));
    for (const auto& problem : kept.problems)
        log::warning("not all histories of consoles are read: {}", problem);
    for (auto& [key, ring] : kept.histories)
        kept_.emplace(std::move(key), std::move(ring));
}

std::set<Uuid> HistoryKeeper::unclaimed() const {
    std::set<Uuid> uuids;
    for (const auto& [key, ring] : kept_)
        uuids.insert(key.uuid);
    return uuids;
}

std::vector<HistoryKey> HistoryKeeper::unclaimed_of(Uuid uuid) const {
    std::vector<HistoryKey> keys;
    const HistoryKey first{.uuid = uuid};
    for (auto at = kept_.lower_bound(first); at != kept_.end() && at->first.uuid == uuid; ++at)
        keys.push_back(at->first);
    return keys;
}

Ring HistoryKeeper::take(const HistoryKey& key) {
    auto kept = kept_.extract(key);
    return kept ? std::move(kept.mapped()) : Ring(settings_.history);
}

void HistoryKeeper::forget_unclaimed() {
    for (const auto& [key, ring] : std::exchange(kept_, {}))
        remove(key);
}

void HistoryKeeper::changed(HistoryKey key) {
    unsaved_.insert(std::move(key));
    save_in(settings_.save_delay);
}

void HistoryKeeper::save_soon() {
    soon_ = saving_;
    loop_.cancel(std::exchange(save_timer_, {}));
    save_in(Duration::zero());
}

void HistoryKeeper::drop(const HistoryKey& key) {
    unsaved_.erase(key);
    remove(key);
}

void HistoryKeeper::end() {
    ending_ = true;
    loop_.cancel(save_timer_);
}

async::Task<> HistoryKeeper::write_the_rest() {
    co_await scope_.drained();
    co_await save_all();
}

void HistoryKeeper::remove(const HistoryKey& key) {
    disk_.submit([file = history_path(folder_, key)] {
        if (const auto removed = remove_file(file); !removed) log::warning("{}", removed.error().message);
    });
}

void HistoryKeeper::save_in(Duration delay) {
    if (save_timer_ || saving_ || ending_) return;
    save_timer_ = loop_.call_at(loop_.now() + delay, [this] {
        save_timer_ = {};
        scope_.spawn(save_all());
    });
}

/// One after the other: only one history is in memory twice. What the disk refuses is tried again later, with
/// what has come meanwhile; at the end once.
async::Task<> HistoryKeeper::save_all() {
    saving_ = true;
    std::set<HistoryKey> refused;
    for (auto left = std::exchange(unsaved_, {}); !left.empty(); left.erase(left.begin())) {
        const auto key = *left.begin();
        const auto* const ring = now_(key);
        if (!ring) continue;
        auto write = [path = history_path(folder_, key), image = ring->image()]() mutable {
            Ring::seal(image);
            return write_file(path, image);
        };
        const auto written = co_await async::run_blocking(disk_, loop_, std::move(write));
        note_saved(key, written);
        ++answers_;
        if (!written) refused.insert(key);
    }
    saving_ = false;
    const bool soon = std::exchange(soon_, false);
    const bool anew = refused.empty();
    unsaved_.merge(refused);
    if (unsaved_.empty()) co_return;
    const auto delay = soon ? Duration::zero() : Duration(settings_.save_delay);
    save_in(anew ? delay : settings_.save_retry);
}

/// A full disk is reported once, and not for each console and try.
void HistoryKeeper::note_saved(const HistoryKey& key, const Result<>& written) {
    if (written.has_value() != refused_) return;
    refused_ = !written;
    const auto file = history_path(folder_, key).string();
    if (refused_)
        log::warning("a console's history is not kept: {}{}", written.error().message,
                     ending_ ? "" : "; it is tried again");
    else
        log::notice("consoles' histories are kept again: '{}'", file);
}

}  // namespace virtlight::console
