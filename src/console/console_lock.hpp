// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <string>
#include <utility>

#include "base/file.hpp"
#include "base/result.hpp"

namespace virtlight::console {

/// The lock by which xenconsole (and so `xl console`) keeps others from reading a domain's tty: as long as it
/// is held, xenconsole refuses to start. It is advisory, and one for all consoles of a domain. Its end gives
/// it back; the file stays, as removing it could let two others in at once.
class ConsoleLock {
 public:
    /// Takes the lock on the file at `path`, which is made if it is missing; does not wait. operation_failed:
    /// somebody else has it, whom lock_holder() may know.
    static Result<ConsoleLock> take(const std::filesystem::path& path);

 private:
    explicit ConsoleLock(Fd fd) : fd_(std::move(fd)) {}

    Fd fd_;
};

/// Who has the lock: "xenconsole (1234)"; empty: nobody who is known. Blocks, as the kernel has all
/// processors stop with locks of files before it lists them: not for the core thread.
std::string lock_holder(const std::filesystem::path& path);

}  // namespace virtlight::console
