// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <atomic>
#include <functional>
#include <list>
#include <mutex>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "base/file.hpp"
#include "libxl/bridge.hpp"

namespace virtlight::fake {

/// A bridge as applications had them when Xen 4.2 was new: a general event loop on a thread of its own, which
/// is given a pointer for each registration and calls back with it, without a lock; libxl is called on any
/// thread.
class BridgeOf2012 final : public Bridge {
 public:
    BridgeOf2012();
    ~BridgeOf2012() override;

    void call(const std::function<void(libxl_ctx*)>& call) override { call(ctx_); }
    void post(std::function<void()> step) override;

 private:
    /// What the loop is given a pointer to.
    struct Info {
        BridgeOf2012* bridge;
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
    void serve();
    void dispatch_descriptors();
    void dispatch_timeouts();

    Fd epoll_;
    Fd wake_;
    libxl_ctx* ctx_ = nullptr;

    std::mutex mutex_;
    std::list<Info> infos_;  ///< never freed, so that what follows from a stale pointer is always the same
    std::vector<Info*> timeouts_;
    std::vector<std::function<void()>> steps_;
    std::atomic<bool> stopping_ = false;
    std::thread thread_;
};

}  // namespace virtlight::fake
