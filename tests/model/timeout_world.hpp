// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "async/timer_queue.hpp"
#include "model/explorer.hpp"
#include "xenlight/timeout_ledger.hpp"

/// A small world of timeouts: libxl that registers them and uses its memory again at once, a loop, two
/// clocks, and between them a bridge, which is what is tried.
namespace virtlight::model {

/// Now, on both clocks. The wall clock may be stepped.
struct Clocks {
    Time monotonic{seconds(1000)};
    seconds wall{500'000};

    bool operator==(const Clocks&) const = default;
};

/// A place in libxl's memory that stands for a timeout. Used again as soon as it is released.
using Nexus = int;
constexpr Nexus none = -1;

/// The production bridge: the ledger and the queue, with deadlines on the monotonic clock.
class LedgerBridge {
 public:
    using Registration = xenlight::TimeoutId;

    Registration add(Nexus nexus, seconds wall_due, const Clocks& now) {
        const timeval at{.tv_sec = wall_due.count(), .tv_usec = 0};
        const auto id = ledger_.add(reinterpret_cast<void*>(static_cast<std::intptr_t>(nexus)), at);
        if (!names_.insert(id.value).second) reused_ = true;
        const timeval wall_now{.tv_sec = now.wall.count(), .tv_usec = 0};
        arm(id, xenlight::monotonic_due(at, wall_now, now.monotonic));
        return id;
    }
    void hurry(Registration id, const Clocks& now) {
        const auto timer = ledger_.hurry(id);
        if (!timer) return;
        queue_.remove(*timer);
        timers_.erase(*timer);
        arm(id, now.monotonic);
    }
    /// What is due, one at a time: the nexus to give to libxl, or none.
    Nexus pop(const Clocks& now) {
        const auto timer = queue_.pop(now.monotonic);
        if (!timer) return none;
        const auto id = timers_.at(*timer);
        timers_.erase(*timer);
        void* const for_libxl = ledger_.deliver(id);
        return for_libxl ? static_cast<Nexus>(reinterpret_cast<std::intptr_t>(for_libxl)) : none;
    }
    bool empty() const { return ledger_.owed() == 0 && queue_.size() == 0; }
    bool reused_an_id() const { return reused_; }

    bool operator==(const LedgerBridge&) const = default;
    /// What the world itself does not show: which timers there are.
    void add_to(Hasher& hasher) const {
        for (const auto& [timer, id] : timers_) {
            const auto first = ledger_.moment_of_first(id);
            hasher.add(timer.value, id.value, first ? first->tv_sec : 0);
        }
    }

 private:
    void arm(Registration id, Time due) {
        const auto timer = queue_.add(due);
        timers_[timer] = id;
        ledger_.arm(id, timer);
    }

    xenlight::TimeoutLedger ledger_;
    async::TimerQueue queue_;
    std::map<async::TimerId, Registration> timers_;
    std::set<std::uint64_t> names_;
    bool reused_ = false;
};

/// The world. Actors 0 to 2 each register a timeout that is due in 1, 2 or 3 seconds, and give it up: libxl
/// then wants it at once, and says so twice, as it does on an abort. Actor 3 lets a second pass, actor 4
/// steps the wall clock. Actors 5 and 6 are threads that take what is due from the books and tell libxl of
/// it, each in a step of its own: that it is given up in between is among their orders.
template <class Bridge>
class TimeoutWorld {
 public:
    static constexpr int timeouts = 3;

    explicit TimeoutWorld(std::chrono::hours wall_step) : wall_step_(wall_step) {}

    int actors() const { return timeouts + 4; }

    std::string act(int actor) {
        if (actor < timeouts) return act_of(actor);
        if (actor == timeouts) return pass_a_second();
        if (actor == timeouts + 1) return step_the_wall_clock();
        return act_of_thread(static_cast<std::size_t>(actor - timeouts - 2));
    }

    void settle() {
        for (int i = 0; i < timeouts; ++i)
            while (timeouts_[static_cast<std::size_t>(i)].registered && !act_of(i).empty()) {
            }
        now_.monotonic += seconds(10'000);
        now_.wall += seconds(10'000);
        for (std::size_t i = 0; i < held_.size(); ++i)
            while (broken_.empty() && !act_of_thread(i).empty()) {
            }
        if (!broken_.empty()) return;
        for (const auto& t : timeouts_)
            if (t.registered && !t.delivered) broken_ = "a timeout was never delivered";
        if (broken_.empty() && !bridge_.empty()) broken_ = "something is left in the books";
        if (bridge_.reused_an_id()) broken_ = "an id was used twice";
    }

    const std::string& broken() const { return broken_; }

    bool operator==(const TimeoutWorld&) const = default;
    std::size_t hash() const {
        Hasher hasher;
        for (const auto& t : timeouts_)
            hasher.add(t.step, t.delivered, t.nexus, t.due.time_since_epoch().count());
        hasher.add(now_.monotonic.time_since_epoch().count(), now_.wall.count(), held_[0], held_[1]);
        for (const auto nexus : free_)
            hasher.add(nexus);
        if constexpr (requires { bridge_.add_to(hasher); }) bridge_.add_to(hasher);
        return hasher.value();
    }

 private:
    /// The step of one that is not given up any more: it was twice, or it is delivered and forgotten.
    static constexpr int over = 3;

    struct Timeout {
        int step = 0;
        bool registered = false;
        bool given_up = false;
        bool delivered = false;
        Nexus nexus = 0;
        Time due{};
        typename Bridge::Registration registration{};

        bool operator==(const Timeout&) const = default;
    };

    std::string act_of(int which) {
        auto& t = timeouts_[static_cast<std::size_t>(which)];
        if (t.step == 0) {
            const seconds after(which + 1);
            t.registered = true;
            t.nexus = take_nexus();
            t.due = now_.monotonic + after;
            t.registration = bridge_.add(t.nexus, now_.wall + after, now_);
        } else if (t.step < over) {
            t.given_up = true;
            bridge_.hurry(t.registration, now_);
        } else {
            return {};
        }
        static constexpr std::array what = {"is registered", "is given up", "is given up once more"};
        return fmt::format("timeout {} {}", which + 1, what[static_cast<std::size_t>(t.step++)]);
    }

    std::string pass_a_second() {
        if (passed_ == 2) return {};
        ++passed_;
        now_.monotonic += seconds(1);
        now_.wall += seconds(1);
        return "a second passes";
    }

    std::string step_the_wall_clock() {
        if (std::exchange(stepped_, true)) return {};
        now_.wall += wall_step_;
        return "the wall clock is stepped by an hour";
    }

    std::string act_of_thread(std::size_t which) {
        if (held_[which] != none) return tell(which);
        // The threads are alike: the second one takes something only while the first one holds something.
        if (which == 1 && held_[0] == none) return {};
        return take(which);
    }

    std::string take(std::size_t which) {
        const auto nexus = bridge_.pop(now_);
        if (nexus == none) return {};
        if (due_at(nexus)) held_[which] = nexus;
        return fmt::format("thread {} takes place {}", which + 1, nexus);
    }

    std::string tell(std::size_t which) {
        const auto nexus = std::exchange(held_[which], none);
        if (auto* const t = due_at(nexus)) {
            *t = {.step = over, .registered = true, .delivered = true};  // the rest decides nothing any more
            free_.push_back(nexus);
        }
        return fmt::format("thread {} tells place {} that its time has come", which + 1, nexus);
    }

    /// The timeout that is there. If it must not be told that its time has come, a rule is broken.
    Timeout* due_at(Nexus nexus) {
        const auto t = std::ranges::find_if(timeouts_, [&](const Timeout& each) {
            return each.registered && !each.delivered && each.nexus == nexus;
        });
        if (t == timeouts_.end())
            broken_ = "a timeout was delivered twice";
        else if (!t->given_up && now_.monotonic < t->due)
            broken_ = "a timeout was delivered early, or in place of another";
        else
            return &*t;
        return nullptr;
    }

    Nexus take_nexus() {
        if (free_.empty()) return ++last_nexus_;
        const auto nexus = free_.back();
        free_.pop_back();
        return nexus;
    }

    std::chrono::hours wall_step_;
    Clocks now_;
    Bridge bridge_;
    std::array<Timeout, timeouts> timeouts_;
    std::array<Nexus, 2> held_{none, none};  ///< by each thread
    std::vector<Nexus> free_;
    Nexus last_nexus_ = 0;
    int passed_ = 0;
    bool stepped_ = false;
    std::string broken_;
};

}  // namespace virtlight::model
