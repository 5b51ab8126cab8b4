// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>

#include <sys/epoll.h>
#include <sys/time.h>

#include "base/clock.hpp"
#include "base/file.hpp"
#include "libxl/controls/thread_bridge.hpp"

namespace virtlight::fake {

/// A small bridge that keeps libxl's rules, unless it is told to make one of the mistakes that others have
/// made.
class PlainBridge final : public ThreadBridge {
 public:
    enum class Mistake {
        none,
        delivers_twice,           ///< a timeout when it is modified, and again when it would have been due
        trusts_the_wall_clock,    ///< for when a timeout is due
        asks_by_the_wall_clock,   ///< what libxl thinks is due
        leaves_aborts_be,         ///< which libxl forgets of a timeout that it is told has occurred
        leaves_removal_to_close,  ///< of descriptors from epoll
        forgets_the_first,        ///< of two registrations of one descriptor
    };

    explicit PlainBridge(Mistake mistake);
    ~PlainBridge() override { stop(); }

 private:
    struct Descriptor {
        int fd;
        void* for_libxl;
        bool always_ready;                ///< a regular file, which epoll does not take
        std::shared_ptr<const Fd> again;  ///< in epoll's place, for one that it has already

        int watched() const { return again ? again->get() : fd; }
    };
    struct Timeout {
        std::uint64_t id;
        void* for_libxl;
        timeval at;
        Time due;
    };

    static int fd_register(void* self, int fd, void** registration, short events, void* for_libxl);
    static int fd_modify(void* self, int fd, void** registration, short events);
    static void fd_deregister(void* self, int fd, void* registration);
    static int timeout_register(void* self, void** registration, timeval at, void* for_libxl);
    static int timeout_modify(void* self, void** registration, timeval at);
    static void timeout_deregister(void* self, void* registration);
    static const libxl_osevent_hooks hooks;

    void wait() override;
    bool takes_again(Descriptor& descriptor, epoll_event& event) const;
    void deliver_descriptors();
    void deliver_regular_files();
    void deliver_timeouts();
    void deliver(const Timeout& timeout);
    bool is_due(const Timeout& timeout) const;
    int until_next() const;

    Mistake mistake_;
    Fd epoll_;
    std::map<std::uint64_t, Descriptor> descriptors_;
    std::list<Timeout> timeouts_;
    std::uint64_t last_id_ = 0;
};

}  // namespace virtlight::fake
