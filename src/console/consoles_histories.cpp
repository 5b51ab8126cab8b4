// SPDX-License-Identifier: LGPL-2.1-or-later
#include <utility>

#include "base/file.hpp"
#include "base/limits.hpp"
#include "base/log.hpp"
#include "console/consoles.hpp"

/// What consoles have seen, kept over a restart of the daemon.
namespace virtlight::console {

void Consoles::take_up_histories() {
    while (!kept_.empty()) {
        const auto key = kept_.begin()->first;
        const auto info = manager_.find(key.uuid);
        if (info) {
            auto& guest = guests_[key.uuid];
            guest.name = info->name;
            guest.consoles[key.console] = make(key.uuid, guest, key.console);
        } else {
            kept_.erase(key);
            remove_history(key);
        }
    }
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
    if (save_timer_ || saving_ || ending_) return;
    save_timer_ = loop_.call_at(loop_.now() + limits::console_save_delay, [this] {
        save_timer_ = {};
        scope_.spawn(save_all());
    });
}

/// One after the other: only one history is in memory twice.
async::Task<> Consoles::save_all() {
    saving_ = true;
    for (auto left = std::exchange(unsaved_, {}); !left.empty(); left.erase(left.begin())) {
        const auto key = *left.begin();
        const auto guest = guests_.find(key.uuid);
        if (guest == guests_.end()) continue;
        const auto console = guest->second.consoles.find(key.console);
        if (console == guest->second.consoles.end()) continue;
        auto write = [path = history_path(places_.histories, key),
                      image = console->second->history().image()] { return write_file(path, image); };
        const auto written = co_await async::run_blocking(disk_, loop_, std::move(write));
        if (!written) log::warning("a console's history is not kept: {}", written.error().message);
    }
    saving_ = false;
    if (!unsaved_.empty()) save_later(*unsaved_.begin());
}

}  // namespace virtlight::console
