// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <vector>

#include <sys/time.h>

#include "base/clock.hpp"

namespace virtlight::fake {

/// Stands between libxl and whoever serves its events, sees every registration and every delivery, and knows
/// the rules. It is told by replaced functions of libxl's (interposed_libxl.cpp). Thread-safe.
class Referee {
 public:
    /// There is one for the process.
    static Referee& get();

    /// Forgets what it saw; registrations stay.
    void begin();
    /// The rules that were broken, in the order of breaking.
    std::vector<std::string> faults() const;

    /// The next registrations of descriptors fail before anybody hears of them.
    void refuse_descriptors(bool refuse);
    bool refuses_descriptors() const;
    /// Calls `step` when libxl has taken a descriptor back, before it closes it.
    void on_descriptor_gone(std::function<void(int fd)> step);

    /// Registrations at this moment.
    std::size_t descriptors() const;
    std::size_t timeouts() const;
    /// The one that was registered last; -1: none.
    int youngest_descriptor() const;
    /// Whether there are two of the same.
    bool has_shared_descriptor() const;
    /// Whether somebody is about to hear of one.
    bool has_readable_descriptor() const;
    /// Since begin().
    std::size_t deliveries() const;
    std::size_t hurries() const;

    // What happens. `hub` is whoever registered the hooks, `registration` what it calls the registration.
    void fd_registered(const void* hub, int fd, const void* registration, const void* for_libxl);
    void fd_modified(const void* hub, int fd, const void* before, const void* now);
    void fd_deregistered(const void* hub, int fd, const void* registration);
    void timeout_registered(const void* hub, timeval at, const void* registration, const void* for_libxl);
    void timeout_hurried(const void* hub, const void* before, const void* now);
    void fd_occurred(int fd, const void* for_libxl, bool inside_hook);
    void timeout_occurred(const void* for_libxl, bool inside_hook);
    /// libxl is told that it is this late, and delivers by itself what that makes due.
    void moment_told(const void* hub, timeval now, bool inside_hook);

 private:
    struct Descriptor {
        const void* hub;
        int fd;
        const void* registration;
        const void* for_libxl;
    };
    struct Timeout {
        const void* hub;
        const void* registration;
        const void* for_libxl;
        timeval at;  ///< as libxl named it
        Time due;
        bool hurried = false;
    };

    void fault(std::string what);
    void expect_due(const Timeout& timeout);

    mutable std::mutex mutex_;
    std::list<Descriptor> descriptors_;
    std::list<Timeout> timeouts_;
    std::vector<std::string> faults_;
    std::size_t deliveries_ = 0;
    std::size_t hurries_ = 0;
    bool refuse_ = false;
    std::function<void(int)> gone_;
};

}  // namespace virtlight::fake
