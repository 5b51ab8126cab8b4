// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <functional>
#include <list>
#include <mutex>
#include <vector>

#include "base/clock.hpp"
#include "base/file.hpp"
#include "libxl/controls/thread_bridge.hpp"

namespace virtlight::fake {

/// A bridge as applications had them when Xen 4.2 was new: a general event loop on a thread of its own, which
/// is given a pointer for each registration and calls back with it, without a lock; libxl is called on any
/// thread.
class BridgeOf2012 final : public ThreadBridge {
 public:
    BridgeOf2012();
    ~BridgeOf2012() override { stop(); }

    void call(const std::function<void(libxl_ctx*)>& call) override { call(context()); }

 private:
    /// What the loop is given a pointer to.
    struct Info {
        int fd;
        void* for_libxl;
        Time due{};
    };

    static int fd_register(void* self, int fd, void** registration, short events, void* for_libxl);
    static int fd_modify(void* self, int fd, void** registration, short events);
    static void fd_deregister(void* self, int fd, void* registration);
    static int timeout_register(void* self, void** registration, timeval at, void* for_libxl);
    static int timeout_modify(void* self, void** registration, timeval at);
    static void timeout_deregister(void* self, void* registration);
    static const libxl_osevent_hooks hooks;

    Info* add(int fd, void* for_libxl);
    void wait() override;
    void dispatch_descriptors();
    void dispatch_timeouts();

    Fd epoll_;
    std::mutex mutex_;
    std::list<Info> infos_;  ///< never freed, so that what follows from a stale pointer is always the same
    std::vector<Info*> timeouts_;
};

}  // namespace virtlight::fake
