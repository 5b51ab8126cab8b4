// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <unordered_map>

#include <sys/types.h>

#include "async/scheduler.hpp"
#include "base/file.hpp"
#include "base/ids.hpp"
#include "xenlight/handle.hpp"

namespace virtlight::xenlight {

/// The processes that libxl starts (device models, scripts, helpers). Each is watched by a pidfd in the loop;
/// when it has ended libxl is told to look, and reaps it. There is no signal handler, and nobody else's child
/// is ever touched.
class Children {
 public:
    /// Takes over libxl's forking; once a handle. Both must outlive this.
    Children(async::FdScheduler& loop, Handle& handle);
    Children(const Children&) = delete;
    Children& operator=(const Children&) = delete;
    /// Those that still run, as libxl has broken down, are reaped by the loop when they end.
    ~Children();

    /// What libxl calls in place of fork(), also inside some of its children; the same to its caller. The
    /// daemon's own child is watched; if that is impossible there is no child (-1, errno).
    pid_t fork() noexcept;

    std::size_t size() const { return children_.size(); }

 private:
    using ChildId = Id<struct ChildTag>;
    struct Child {
        Fd pidfd;
        async::WatchId watch;
    };

    static const libxl_childproc_hooks hooks;

    bool watch(pid_t pid);
    void ended(ChildId id);

    async::FdScheduler& loop_;
    Handle& handle_;
    pid_t daemon_;
    IdSource<struct ChildTag> ids_;
    std::unordered_map<ChildId, Child> children_;
};

}  // namespace virtlight::xenlight
