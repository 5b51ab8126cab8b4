// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include <sys/types.h>

namespace virtlight::fake {

/// Where a save or a restore can be stopped, in order: before and after each record of the stream that the
/// process writes or reads, and before and after it says how it went. "suspended" is only of a save,
/// "prepared" only of a restore: libxl was called back and has answered.
inline constexpr const char* save_steps[] = {"begin",  "head",   "suspended", "page_0",  "page_1",
                                             "page_2", "page_3", "end",       "complete"};
inline constexpr const char* restore_steps[] = {"begin",  "head",   "prepared", "page_0",  "page_1",
                                                "page_2", "page_3", "end",      "complete"};

/// Where in the stream of a PV guest each record ends: libxl's header, the head of its first record, those of
/// the process, and libxl's last.
inline constexpr std::size_t record_ends[] = {
    16,
    24,
    24 + 8,
    24 + 16 + 1 * (128 << 10),
    24 + 24 + 2 * (128 << 10),
    24 + 32 + 3 * (128 << 10),
    24 + 40 + 4 * (128 << 10),
    24 + 48 + 4 * (128 << 10),
    24 + 56 + 4 * (128 << 10),
};

/// What libxl starts, while this lives, to write and read the memory of guests: this program in place of
/// libxl-save-helper. It speaks libxl's protocol to its parent, and a guest's memory is a few records that it
/// knows again.
class SaveProcesses {
 public:
    SaveProcesses();
    SaveProcesses(const SaveProcesses&) = delete;
    SaveProcesses& operator=(const SaveProcesses&) = delete;
    ~SaveProcesses();

    /// The next ones wait there, until go_on() or a SIGTERM.
    static void stop_at(const std::string& step);
    static bool is_at(const std::string& step);
    static void go_on();
    /// The one that is stopped.
    static pid_t pid();
};

/// Such a process, if the arguments are those that libxl gives to one: the exit status.
std::optional<int> serve_as_save_process(int count, char** arguments);

}  // namespace virtlight::fake
