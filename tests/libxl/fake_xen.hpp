// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <vector>

#include <sys/types.h>

#include "base/clock.hpp"
#include "base/uuid.hpp"
#include "libxl/calls.hpp"
#include "libxl/xenstore_service.hpp"

namespace virtlight::fake {

/// Reasons of a guest that stops, as it tells them Xen (SHUTDOWN_* of xen/sched.h).
enum class Stop { poweroff = 0, reboot = 1, suspend = 2, crash = 3, watchdog = 4 };

struct Domain {
    unsigned domid = 0;
    Uuid uuid{};
    bool hvm = false;
    unsigned pauses = 0;  ///< by toolstacks; the domain runs at 0
    std::optional<Stop> stopped{};
    bool dying = false;
    bool button_pressed = false;
    Duration used{};                      ///< processor time until it last stopped to run
    std::optional<Time> running_since{};  ///< while it runs
    std::uint64_t pages = 0;
    std::uint64_t max_pages = 0;
    std::uint64_t claimed_pages = 0;  ///< that it is to get, and Xen keeps for it among those that are free
    unsigned vcpus = 1;
    bool reads_any_msr = false;  ///< also those that Xen does not know

    bool runs() const { return pauses == 0 && !stopped && !dying; }
};

/// The hypervisor under libxl: domains in memory. What libxl asks libxenctrl is answered from the one Xen of
/// the process. Thread-safe.
class Xen {
 public:
    static constexpr std::uint64_t total_pages = 1ULL << 21;  ///< 8 GiB

    /// With Domain-0. There is one at a time.
    Xen();
    Xen(const Xen&) = delete;
    Xen& operator=(const Xen&) = delete;
    ~Xen();
    static Xen& current();

    /// Calls that libxl makes, by the names of the functions.
    Calls& calls() { return calls_; }

    /// `changed` is called after a change that Xen signals to xenstored, on the thread that makes it.
    void on_change(std::function<void()> changed);
    /// `moved` is called when a domain has something to do: it is no longer paused, or its power button was
    /// pressed. On the thread that did it.
    void on_move(std::function<void(unsigned domid)> moved);

    /// The domid that the next new domain gets, if it is free.
    void choose_domid(unsigned domid);
    /// A domain as a toolstack makes it: paused, and with no memory. ENOMEM, EEXIST.
    std::expected<unsigned, int> create(Domain domain);
    std::optional<Domain> find(unsigned domid) const;
    /// All from `first` on, in order.
    std::vector<Domain> list(unsigned first = 0) const;
    /// Changes a domain without a signal; false: no such domain.
    bool change(unsigned domid, const std::function<void(Domain&)>& change);

    /// Counted: a domain that was paused twice runs after the second unpause. 0, ESRCH; EINVAL for a domain
    /// that is not paused.
    int pause(unsigned domid);
    int unpause(unsigned domid);
    bool press_button(unsigned domid);
    /// The guest stops, as it does by itself.
    bool stop(unsigned domid, Stop reason);
    /// A stopped guest goes on.
    bool resume(unsigned domid);
    /// Ends a domain; what somebody still holds on to stays dying until let_go().
    bool destroy(unsigned domid);
    void hold_on(unsigned domid);
    void let_go(unsigned domid);

    DomainState state(unsigned domid) const;
    std::uint64_t free_pages() const;

 private:
    bool change_and_signal(unsigned domid, const std::function<void(Domain&)>& change);
    unsigned free_domid();
    void signal();

    mutable std::mutex mutex_;
    std::map<unsigned, Domain> domains_;
    std::set<unsigned> held_;  ///< which stay when they are destroyed
    unsigned next_domid_ = 1;
    std::function<void()> changed_ = [] {};
    std::function<void(unsigned)> moved_ = [](unsigned) {};
    Calls calls_;
};

}  // namespace virtlight::fake
