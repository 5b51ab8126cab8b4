// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include <sys/types.h>

#include "base/result.hpp"

namespace virtlight {

/// A file descriptor that closes itself.
class Fd {
 public:
    Fd() = default;
    explicit Fd(int fd) : fd_(fd) {}
    Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Fd& operator=(Fd&& other) noexcept {
        if (this != &other) reset(std::exchange(other.fd_, -1));
        return *this;
    }
    ~Fd() { reset(); }

    int get() const { return fd_; }
    explicit operator bool() const { return fd_ >= 0; }
    void reset(int fd = -1);
    /// Until it is closed, children that libxl forks do not hold a copy (base/private_descriptors.hpp).
    void keep_from_children() const noexcept;

 private:
    int fd_ = -1;
};

/// Two connected ends of a pipe: read from `first`, write to `second`. Both close on exec.
Result<std::pair<Fd, Fd>> make_pipe(int flags = 0);

/// The whole file, refused when it is longer than `limit` bytes. Blocks: not for the core thread.
Result<std::string> read_file(const std::filesystem::path& path, std::size_t limit);

/// The next `size` bytes, or as many as there are before its end. `path` is for the message. Blocks.
Result<std::string> read_up_to(int fd, std::size_t size, const std::filesystem::path& path);

/// Replaces the file in one step that survives a power cut: a temporary file is written and synced, renamed
/// over `path`, and the folder is synced (a folder that cannot be is reported: the change is made all the
/// same). On failure the old file stands and nothing is left behind. Blocks: not for the core thread.
Result<> write_file(const std::filesystem::path& path, std::string_view content, mode_t mode = 0600);

/// Writes all of it. `path` is for the message. Blocks.
Result<> write_all(int fd, std::string_view content, const std::filesystem::path& path);

/// Makes what was renamed, made or removed in a folder survive a power cut. Blocks.
Result<> sync_folder(const std::filesystem::path& folder);

/// Removes the file and syncs its folder, as write_file() does; a file that is not there is no error. Blocks.
Result<> remove_file(const std::filesystem::path& path);

/// Makes the folder and those above it, where they are missing. Blocks.
Result<> make_folder(const std::filesystem::path& path, mode_t mode = 0700);

}  // namespace virtlight
