// SPDX-License-Identifier: LGPL-2.1-or-later
#include "daemon/heap.hpp"

#include <malloc.h>

#include "base/limits.hpp"

namespace virtlight::daemon {

void keep_heaps_small() {
    // A bound that is set is one that glibc does not raise by itself. Another allocator's has its own ways.
    ::mallopt(M_MMAP_THRESHOLD, limits::heap_block_bytes);
    ::mallopt(M_TRIM_THRESHOLD, limits::heap_rest_bytes);
}

}  // namespace virtlight::daemon
