// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include "async/blocking.hpp"
#include "async/cancel.hpp"
#include "async/scheduler.hpp"
#include "async/scope.hpp"
#include "async/task.hpp"
#include "base/rotated_file.hpp"
#include "console/log_text.hpp"
#include "console/ring.hpp"

namespace virtlight::console {

struct LogSettings {
    std::filesystem::path path;
    Sequences sequences = Sequences::cleaned;
    Rotation rotation{};
};

/// Writes what comes into a ring to a file, with times. It is one more reader of the ring: the ring is its
/// queue, and what a slow or full disk does not take in time is a gap that the log shows. One piece is on its
/// way at a time, and the loop's thread never touches the disk.
class LogFile {
 public:
    /// Begins with what comes next. All three must outlive it.
    LogFile(async::Scheduler& scheduler, async::Blocking& blocking, const Ring& ring, LogSettings settings);
    LogFile(const LogFile&) = delete;
    LogFile& operator=(const LogFile&) = delete;
    /// What has not been written is lost.
    ~LogFile();

    /// What is written from now on goes to this file.
    void go_on_in(std::filesystem::path path) { settings_.path = std::move(path); }

    /// Something came into the ring.
    void poke();

    /// Writes what is left and ends; a disk that refuses it is not asked again. False: the disk has not
    /// answered within `patience`; then this may be awaited again. To be awaited before this is destroyed.
    async::Task<bool> close(Duration patience);

 private:
    async::Task<> write_all();
    std::string render();
    void note_boot(Offset at, std::string& text);
    void note_restore(Offset at, std::string& text);
    Offset next_restore(Offset after) const;
    void note_outcome(const Result<>& written);
    void tell_of_loss() const;

    async::Scheduler& scheduler_;
    async::Blocking& blocking_;
    const Ring& ring_;
    LogSettings settings_;
    LogText format_;
    Offset position_;
    std::uint64_t boot_;           ///< the number of the boot that was written last; 0: none was
    std::optional<Mark> restore_;  ///< the last one that was written, or was there before
    bool writing_ = false;
    bool refused_ = false;  ///< the last piece, which is tried again every limits::console_log_retry
    async::CancelSource closing_;
    async::Scope scope_;
    async::Scope waiters_;  ///< those who wait for it
};

}  // namespace virtlight::console
