// SPDX-License-Identifier: LGPL-2.1-or-later
#include <utility>

#include "base/file.hpp"
#include "base/log.hpp"
#include "console/consoles.hpp"

/// What consoles have seen, kept over a restart of the daemon.
namespace virtlight::console {

void Consoles::take_up_histories() {
    take_up_known();
    if (kept_.empty()) return;
    unclaimed_timer_ = loop_.call_at(loop_.now() + settings_.unclaimed, [this] {
        unclaimed_timer_ = {};
        take_up_known();
        forget_unclaimed();
    });
}

void Consoles::take_up_known() {
    std::set<Uuid> uuids;
    for (const auto& [key, ring] : kept_)
        uuids.insert(key.uuid);
    for (const auto uuid : uuids) {
        const auto info = manager_.find(uuid);
        if (!info) continue;
        auto& guest = guests_[uuid];
        guest.name = info->name;
        take_up(uuid, guest);
    }
}

/// All that is kept of it.
void Consoles::take_up(Uuid uuid, Guest& guest) {
    const HistoryKey first{.uuid = uuid};
    for (auto at = kept_.lower_bound(first); at != kept_.end() && at->first.uuid == uuid;
         at = kept_.lower_bound(first)) {
        const auto name = at->first.console;
        guest.consoles[name] = make(uuid, guest, name);
    }
}

/// Nobody will ask for the histories of domains that have not come.
void Consoles::forget_unclaimed() {
    for (const auto& [key, ring] : std::exchange(kept_, {}))
        remove_history(key);
}

Ring Consoles::take_history(const HistoryKey& key) {
    auto kept = kept_.extract(key);
    return kept ? std::move(kept.mapped()) : Ring(settings_.history);
}

void Consoles::remove_history(const HistoryKey& key) {
    disk_.submit([file = history_path(places_.histories, key)] {
        if (const auto removed = remove_file(file); !removed) log::warning("{}", removed.error().message);
    });
}

void Consoles::save_later(HistoryKey key) {
    unsaved_.insert(std::move(key));
    save_in(settings_.save_delay);
}

/// Not after the delay, unless one is under way: what is last seen of a guest the next daemon must know.
void Consoles::save_soon() {
    loop_.cancel(std::exchange(save_timer_, {}));
    save_in(Duration::zero());
}

void Consoles::save_in(Duration delay) {
    if (save_timer_ || saving_ || ending_) return;
    save_timer_ = loop_.call_at(loop_.now() + delay, [this] {
        save_timer_ = {};
        scope_.spawn(save_all());
    });
}

/// One after the other: only one history is in memory twice. What the disk refuses is tried again later, with
/// what has come meanwhile; at the end once.
async::Task<> Consoles::save_all() {
    saving_ = true;
    std::set<HistoryKey> refused;
    for (auto left = std::exchange(unsaved_, {}); !left.empty(); left.erase(left.begin())) {
        const auto key = *left.begin();
        const auto* const console = console_of(key);
        if (!console) continue;
        auto write = [path = history_path(places_.histories, key),
                      image = console->history().image()]() mutable {
            Ring::seal(image);
            return write_file(path, image);
        };
        const auto written = co_await async::run_blocking(disk_, loop_, std::move(write));
        note_saved(key, written);
        ++written_;
        if (!written) refused.insert(key);
    }
    saving_ = false;
    const bool anew = refused.empty();
    unsaved_.merge(refused);
    if (!unsaved_.empty()) save_in(anew ? settings_.save_delay : settings_.save_retry);
}

/// Null: it is gone.
const Console* Consoles::console_of(const HistoryKey& key) const {
    const auto guest = guests_.find(key.uuid);
    if (guest == guests_.end()) return nullptr;
    const auto console = guest->second.consoles.find(key.console);
    return console == guest->second.consoles.end() ? nullptr : console->second.get();
}

/// A full disk is reported once, and not for each console and try.
void Consoles::note_saved(const HistoryKey& key, const Result<>& written) {
    if (written.has_value() != refused_) return;
    refused_ = !written;
    const auto file = history_path(places_.histories, key).string();
    if (refused_)
        log::warning("a console's history is not kept: {}{}", written.error().message,
                     ending_ ? "" : "; it is tried again");
    else
        log::notice("consoles' histories are kept again: '{}'", file);
}

}  // namespace virtlight::console
