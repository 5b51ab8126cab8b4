// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

namespace virtlight::daemon {

/// Has the allocator give back what is freed, however much was once needed: libxl unpacks the kernel of a
/// guest that it builds, tens of MiB for a second. By default glibc takes the largest block that was freed as
/// a measure of what is worth keeping, for each of its heaps and for ever. To be called before any thread is
/// begun.
void keep_heaps_small();

}  // namespace virtlight::daemon
