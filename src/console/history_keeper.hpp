// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <vector>

#include "async/blocking.hpp"
#include "async/scheduler.hpp"
#include "async/scope.hpp"
#include "async/task.hpp"
#include "base/result.hpp"
#include "base/uuid.hpp"
#include "console/histories.hpp"
#include "console/settings.hpp"

namespace virtlight::console {

/// Keeps on disk what consoles have seen, over a restart of the daemon: has what the daemon before has kept
/// until its domain comes, and writes what has changed, one history at a time. Lives on the core thread.
class HistoryKeeper {
 public:
    /// `now` gives the history that a console has now; null: it is gone. It is asked on the core thread.
    /// `disk` should do its works in their order, or what was dropped may be written again. All references
    /// must outlive this.
    HistoryKeeper(async::Scheduler& loop, async::Blocking& disk, std::filesystem::path folder,
                  const Settings& settings, std::function<const Ring*(const HistoryKey&)> now);
    HistoryKeeper(const HistoryKeeper&) = delete;
    HistoryKeeper& operator=(const HistoryKeeper&) = delete;
    ~HistoryKeeper();

    /// Reads what the daemon before has kept. To be called first, and once.
    async::Task<> read();
    /// The domains of which there is something that nobody has taken yet.
    std::set<Uuid> unclaimed() const;
    /// The consoles of such a domain.
    std::vector<HistoryKey> unclaimed_of(Uuid uuid) const;
    /// What was kept of this console, which is its own from now on; an empty history if nothing was.
    Ring take(const HistoryKey& key);
    /// Removes all that nobody has taken.
    void forget_unclaimed();

    /// Has it written down within settings.save_delay.
    void changed(HistoryKey key);
    /// Has all that has changed written down now, or at once behind what is being written.
    void save_soon();
    /// Removes it. The console must be gone for `now` before the next step of the loop.
    void drop(const HistoryKey& key);

    /// Nothing begins by itself from now on.
    void end();
    /// Writes what is left, and tries what the disk refuses once. After end(); has no bound of its own.
    async::Task<> write_the_rest();
    /// Lets go of what is being written: nobody waits for it any more.
    void give_up() { scope_.drop(); }

    /// How many times the disk has answered, ever: by it one sees whether it still does.
    unsigned answers() const { return answers_; }

 private:
    void save_in(Duration delay);
    async::Task<> save_all();
    void note_saved(const HistoryKey& key, const Result<>& written);
    void remove(const HistoryKey& key);

    async::Scheduler& loop_;
    async::Blocking& disk_;
    const std::filesystem::path folder_;
    const Settings& settings_;
    const std::function<const Ring*(const HistoryKey&)> now_;
    std::map<HistoryKey, Ring> kept_;  ///< read back, and not taken yet
    std::set<HistoryKey> unsaved_;
    async::TimerId save_timer_;
    bool saving_ = false;
    bool soon_ = false;     ///< save_soon() was called meanwhile
    bool refused_ = false;  ///< the disk did not take the last history, which was reported
    bool ending_ = false;
    unsigned answers_ = 0;
    async::Scope scope_;
};

}  // namespace virtlight::console
