// SPDX-License-Identifier: LGPL-2.1-or-later
#include "hypervisor/page_cache.hpp"

#include <cerrno>

#include <fcntl.h>

namespace virtlight::hypervisor {
namespace {

/// Whether the file system has no such call. Whatever else it says is of what was written, may be said once
/// only, and each file system has its own words for that.
bool knows_no_such_call(int error) {
    return error == ENOSYS || error == EOPNOTSUPP || error == EINVAL || error == ESPIPE;
}

bool sync_range(const Fd& file, std::uint64_t from, std::uint64_t bytes, unsigned how) {
    return ::sync_file_range(file.get(), static_cast<off_t>(from), static_cast<off_t>(bytes), how) == 0 ||
           knows_no_such_call(errno);
}

}  // namespace

bool begin_write_out(const Fd& file, std::uint64_t from, std::uint64_t bytes) {
    return sync_range(file, from, bytes, SYNC_FILE_RANGE_WRITE);
}

bool write_out(const Fd& file, std::uint64_t from, std::uint64_t bytes) {
    return sync_range(file, from, bytes,
                      SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER);
}

bool leave_cache(const Fd& file) {
    constexpr std::uint64_t to_its_end = 0;
    const bool written = write_out(file, 0, to_its_end);
    const int error = errno;
    ::posix_fadvise(file.get(), 0, 0, POSIX_FADV_DONTNEED);
    errno = error;
    return written;
}

}  // namespace virtlight::hypervisor
