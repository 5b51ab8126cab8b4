// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>

namespace virtlight::fake {

/// Where tests keep images, and the disk under it. write() is replaced, so that it can be full or stall at
/// any byte of a file, fsync(), fallocate() and close().
class Disk {
 public:
    static constexpr const char* folder = "/run/images";

    /// Empties the folder; the disk is large and quick.
    Disk();
    Disk(const Disk&) = delete;
    Disk& operator=(const Disk&) = delete;
    ~Disk();

    /// No file takes more than so many bytes.
    static void is_full_at(std::size_t bytes);
    /// What would go beyond so many bytes of a file waits until good_again().
    static void stalls_at(std::size_t bytes);
    /// What is to be synced waits until good_again().
    static void holds_syncs();
    /// What is to be closed waits until good_again().
    static void holds_closes();
    /// Nobody can reserve more than so many bytes of a file.
    static void has_room_for(std::size_t bytes);
    /// Somebody waits.
    static bool is_waited_for();
    static void good_again();

    static bool is_empty();

    /// For the close() that everybody calls.
    static void before_close(int fd);
};

}  // namespace virtlight::fake
