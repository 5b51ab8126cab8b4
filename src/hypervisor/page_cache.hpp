// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>

#include "base/file.hpp"

/// What of an open file is only in the host's page cache: on its way to the disk before a sync has to wait
/// for all of it, and out of memory that has better uses. Any thread; false, with errno, is said once: the
/// disk has not taken it, and a sync may not say so again. A file system that has no such call is no failure.
namespace virtlight::hypervisor {

/// Has the disk begin with these bytes. Waits only while the disk takes no more.
bool begin_write_out(const Fd& file, std::uint64_t from, std::uint64_t bytes);

/// Has the disk take these bytes, also those that it has begun with. Blocks. 0 bytes: all up to the end.
bool write_out(const Fd& file, std::uint64_t from, std::uint64_t bytes);

/// Writes out the whole file, and frees its pages in memory. Blocks.
bool leave_cache(const Fd& file);

}  // namespace virtlight::hypervisor
