// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <optional>
#include <unordered_set>

#include "async/scheduler.hpp"
#include "xenlight/handle.hpp"
#include "xenlight/timeout_ledger.hpp"

namespace virtlight::xenlight {

/// What libxl waits for, descriptors and timeouts, waited for in a loop of ours: the other side of libxl's
/// osevent hooks.
///
/// libxl keeps a WatchId or TimeoutId for each registration. A hook only changes the loop and the book; libxl
/// is told of what happened from a step of the loop, never from inside a hook. Everything runs on the loop's
/// thread.
class OsEvents {
 public:
    /// Installs the hooks; once a handle, before anything else is done with it. Both must outlive this.
    OsEvents(async::FdScheduler& loop, Handle& handle);
    OsEvents(const OsEvents&) = delete;
    OsEvents& operator=(const OsEvents&) = delete;
    /// Takes everything back from the loop: nothing of this handle is delivered any more. The handle must be
    /// freed or abandoned by then.
    ~OsEvents();

    std::size_t watches() const { return watches_.size(); }

 private:
    static int fd_register(void* self, int fd, void** registration, short events, void* for_libxl) noexcept;
    static int fd_modify(void* self, int fd, void** registration, short events) noexcept;
    static void fd_deregister(void* self, int fd, void* registration) noexcept;
    static int timeout_register(void* self, void** registration, timeval at, void* for_libxl) noexcept;
    static int timeout_modify(void* self, void** registration, timeval at) noexcept;
    static void timeout_deregister(void* self, void* registration) noexcept;
    static const libxl_osevent_hooks hooks;

    void arm(TimeoutId id, Time due);
    void deliver(TimeoutId id);
    static void tell(libxl_ctx* ctx, void* for_libxl, std::optional<timeval> at);

    async::FdScheduler& loop_;
    Handle& handle_;
    std::unordered_set<async::WatchId> watches_;
    TimeoutLedger ledger_;
};

}  // namespace virtlight::xenlight
