// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <map>
#include <vector>

#include "model/fd_world.hpp"
#include "model/timeout_world.hpp"

/// Bridges that are wrong in ways that have been shipped or suggest themselves. They are kept to show that
/// the exploration finds what they do: a check that passes these would prove nothing.
namespace virtlight::model {

/// libvirt's of late 2012, in what matters: the event carries the registration itself (there a pointer), and
/// whoever has fetched one calls back, whatever has happened since.
class RawPointerBridge {
 public:
    void add(Kernel& kernel, Life life, int fd, short events) {
        kernel.add(fd, events, static_cast<Kernel::Data>(life));
        ++live_;
    }
    void modify(Kernel& kernel, Life life, int fd, short events) {
        if (events)
            kernel.add(fd, events, static_cast<Kernel::Data>(life));
        else
            kernel.remove(fd);
    }
    void remove(Kernel& kernel, Life, int fd) {
        kernel.remove(fd);
        --live_;
    }
    std::vector<Delivery> deliver(const Kernel::Event& event) const {
        return {{static_cast<Life>(event.data)}};
    }
    bool empty() const { return live_ == 0; }
    bool reused_an_id() const { return false; }

    bool operator==(const RawPointerBridge&) const = default;

 private:
    int live_ = 0;
};

/// Looks registrations up by the number of the descriptor, which names whatever is open under it now.
class NumberBridge {
 public:
    void add(Kernel& kernel, Life life, int fd, short events) {
        live_[fd].push_back({life, events});
        kernel.add(fd, POLLIN, static_cast<Kernel::Data>(fd));
    }
    void modify(Kernel&, Life life, int fd, short events) {
        for (auto& each : live_[fd])
            if (each.life == life) each.events = events;
    }
    void remove(Kernel& kernel, Life life, int fd) {
        std::erase_if(live_[fd], [&](const auto& each) { return each.life == life; });
        if (live_[fd].empty()) {
            live_.erase(fd);
            kernel.remove(fd);
        }
    }
    std::vector<Delivery> deliver(const Kernel::Event& event) const {
        std::vector<Delivery> deliveries;
        if (const auto found = live_.find(static_cast<int>(event.data)); found != live_.end())
            for (const auto& each : found->second)
                if (each.events) deliveries.push_back({each.life});
        return deliveries;
    }
    bool empty() const { return live_.empty(); }
    bool reused_an_id() const { return false; }

    bool operator==(const NumberBridge&) const = default;

 private:
    struct Each {
        Life life;
        short events;

        bool operator==(const Each&) const = default;
    };
    std::map<int, std::vector<Each>> live_;
};

/// Leaves it to close() to take the entry out of the kernel.
class NoDeleteBridge : public TableBridge {
 public:
    void remove(Kernel& kernel, Life life, int fd) {
        Kernel ignored = kernel;
        TableBridge::remove(ignored, life, fd);
    }

    bool operator==(const NoDeleteBridge&) const = default;
};

/// Delivers a timeout that is given up at once, and once more when it would have been due.
class TwiceBridge {
 public:
    using Registration = Nexus;

    Registration add(Nexus nexus, seconds wall_due, const Clocks& now) {
        due_.emplace(now.monotonic + (wall_due - now.wall), nexus);
        return nexus;
    }
    void hurry(Registration nexus, const Clocks& now) { due_.emplace(now.monotonic, nexus); }
    Nexus pop(const Clocks& now) {
        if (due_.empty() || due_.begin()->first > now.monotonic) return none;
        const auto nexus = due_.begin()->second;
        due_.erase(due_.begin());
        return nexus;
    }
    bool empty() const { return due_.empty(); }
    bool reused_an_id() const { return false; }

    bool operator==(const TwiceBridge&) const = default;

 private:
    std::multimap<Time, Nexus> due_;
};

/// Keeps deadlines on the wall clock.
class WallClockBridge {
 public:
    using Registration = Nexus;

    Registration add(Nexus nexus, seconds wall_due, const Clocks&) {
        due_.emplace(wall_due, nexus);
        return nexus;
    }
    void hurry(Registration nexus, const Clocks&) {
        for (auto it = due_.begin(); it != due_.end(); ++it)
            if (it->second == nexus) {
                due_.erase(it);
                due_.emplace(seconds(0), nexus);
                return;
            }
    }
    Nexus pop(const Clocks& now) {
        if (due_.empty() || due_.begin()->first > now.wall) return none;
        const auto nexus = due_.begin()->second;
        due_.erase(due_.begin());
        return nexus;
    }
    bool empty() const { return due_.empty(); }
    bool reused_an_id() const { return false; }

    bool operator==(const WallClockBridge&) const = default;

 private:
    std::multimap<seconds, Nexus> due_;
};

}  // namespace virtlight::model
