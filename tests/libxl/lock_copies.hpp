// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

namespace virtlight::fake {

/// A child that libxl forks has copies of all descriptors, and with them of the locks on files. While this
/// lives there is such a child whenever somebody takes a lock for a look.
class LockCopies {
 public:
    LockCopies();
    LockCopies(const LockCopies&) = delete;
    LockCopies& operator=(const LockCopies&) = delete;
    ~LockCopies();

    /// There has been one.
    static bool any();
};

}  // namespace virtlight::fake
