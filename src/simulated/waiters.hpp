// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <map>
#include <utility>

#include "async/completion.hpp"
#include "async/scheduler.hpp"
#include "hypervisor/port.hpp"

namespace virtlight::simulated {

/// How a wait ended.
enum class End { done, time_over, cancelled, domain_gone };

/// Operations that wait for something to happen to a domain.
class Waiters {
 public:
    /// Takes itself out when it goes out of scope; must not outlive the waiters.
    class Place {
     public:
        Place(Waiters& waiters, hypervisor::DomId domid) : waiters_(waiters), key_(domid, ++waiters.last_) {
            waiters_.waiting_.emplace(key_, ended);
        }
        Place(const Place&) = delete;
        Place& operator=(const Place&) = delete;
        ~Place() { waiters_.waiting_.erase(key_); }

        const async::Completion<End> ended{};

     private:
        Waiters& waiters_;
        std::pair<hypervisor::DomId, std::uint64_t> key_;
    };

    /// It has happened. The waits end in steps of their own, not in this one.
    void end(async::Scheduler& scheduler, hypervisor::DomId domid, End how) const {
        for (auto at = waiting_.lower_bound({domid, 0}); at != waiting_.end() && at->first.first == domid;
             ++at)
            scheduler.post([ended = at->second, how] { ended.set(how); });
    }

 private:
    std::map<std::pair<hypervisor::DomId, std::uint64_t>, async::Completion<End>> waiting_;
    std::uint64_t last_ = 0;
};

}  // namespace virtlight::simulated
