// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <poll.h>

#include "async/fd_table.hpp"
#include "model/explorer.hpp"

/// A small world of descriptors: libxl that registers them, a kernel with an epoll instance, two threads that
/// fetch events and deliver them, and between them a bridge, which is what is tried.
namespace virtlight::model {

/// A registration of libxl's, in one life: a number that is used once.
using Life = int;

/// The kernel. An epoll entry belongs to a number and the open file behind it; it is gone when it is deleted,
/// or when the last reference to the file is, but a child process that libxl forked keeps one.
class Kernel {
 public:
    using Data = std::uint64_t;

    struct Event {
        Data data;
        int file;  ///< what the event is really about
        short revents;

        bool operator==(const Event&) const = default;
    };

    /// The lowest free number, as the kernel gives it.
    int open() {
        int fd = 3;
        while (files_.contains(fd))
            ++fd;
        files_[fd] = ++last_file_;
        return fd;
    }
    int file(int fd) const { return files_.at(fd); }
    void close(int fd) { files_.erase(fd); }
    void make_ready(int file) { ready_.push_back(file); }

    void add(int fd, short events, Data data) { entries_[{fd, file(fd)}] = {events, data}; }
    void modify(int fd, short events, Data data) { add(fd, events, data); }
    void remove(int fd) { entries_.erase({fd, file(fd)}); }

    /// What epoll_wait() gives: all that is ready, level-triggered. A hang-up cannot be masked.
    std::vector<Event> fetch() const {
        std::vector<Event> events;
        for (const auto& [key, entry] : entries_)
            if (std::ranges::find(ready_, key.second) != ready_.end())
                events.push_back(
                    {entry.data, key.second, static_cast<short>((entry.events & POLLIN) | POLLHUP)});
        return events;
    }

    std::size_t entries() const { return entries_.size(); }

    bool operator==(const Kernel&) const = default;

 private:
    struct Entry {
        short events;
        Data data;

        bool operator==(const Entry&) const = default;
    };

    std::map<int, int> files_;                      ///< number to file
    std::map<std::pair<int, int>, Entry> entries_;  ///< by number and file
    std::vector<int> ready_;
    int last_file_ = 0;
};

/// What reaches libxl.
struct Delivery {
    Life life;
};

/// The production bridge: FdTable decides, and what goes through the kernel is the name of a descriptor.
class TableBridge {
 public:
    void add(Kernel& kernel, Life life, int fd, short events) {
        const auto added = table_.add(fd, events);
        lives_[added.id] = life;
        ids_[life] = added.id;
        if (!names_.insert(added.id.value).second) reused_ = true;
        tell(kernel, added.change);
    }
    void modify(Kernel& kernel, Life life, int, short events) {
        tell(kernel, table_.modify(ids_.at(life), events));
    }
    void remove(Kernel& kernel, Life life, int) {
        tell(kernel, table_.remove(ids_.at(life)));
        lives_.erase(ids_.at(life));
        ids_.erase(life);
    }
    std::vector<Delivery> deliver(const Kernel::Event& event) const {
        std::vector<Delivery> deliveries;
        for (const auto id : table_.watches(async::DescriptorId{event.data}))
            if (table_.wanted(id, event.revents)) deliveries.push_back({lives_.at(id)});
        return deliveries;
    }
    bool empty() const { return table_.size() == 0; }
    bool reused_an_id() const { return reused_; }

    bool operator==(const TableBridge&) const = default;

 private:
    static void tell(Kernel& kernel, const async::FdTable::Change& change) {
        using Kind = async::FdTable::Change::Kind;
        if (change.kind == Kind::add) kernel.add(change.fd, change.events, change.descriptor.value);
        if (change.kind == Kind::modify) kernel.modify(change.fd, change.events, change.descriptor.value);
        if (change.kind == Kind::remove) kernel.remove(change.fd);
    }

    async::FdTable table_;
    std::map<async::WatchId, Life> lives_;
    std::map<Life, async::WatchId> ids_;
    std::set<std::uint64_t> names_;
    bool reused_ = false;
};

/// The world. Actors 0 to 2 each carry a registration through its life: open and register, sleep (events 0),
/// wake, deregister and close at once. Actor 3 writes to a file. Actors 4 and 5 are threads that fetch and
/// deliver.
template <class Bridge>
class FdWorld {
 public:
    static constexpr int registrations = 3;

    int actors() const { return registrations + 3; }

    std::string act(int actor) {
        if (actor < registrations) return act_of(actor);
        if (actor == registrations) return write();
        return act_of_thread(threads_[static_cast<std::size_t>(actor - registrations - 1)], actor);
    }

    void settle() {
        for (int i = 0; i < registrations; ++i)
            while (registrations_[static_cast<std::size_t>(i)].step > 0 && !act_of(i).empty()) {
            }
        for (auto& thread : threads_)
            while (!thread.empty() && broken_.empty())
                deliver_one(thread);
        if (!broken_.empty()) return;
        if (!bridge_.empty()) broken_ = "a registration is left behind";
        if (kernel_.entries() > 0) broken_ = "the kernel still has an entry";
        if (bridge_.reused_an_id()) broken_ = "an id was used twice";
    }

    const std::string& broken() const { return broken_; }

    bool operator==(const FdWorld&) const = default;
    std::size_t hash() const {
        Hasher hasher;
        for (const auto& r : registrations_)
            hasher.add(r.step, r.life, r.fd, r.file);
        for (const auto& thread : threads_)
            for (const auto& event : thread)
                hasher.add(event.data, event.file, event.revents);
        for (const auto file : written_)
            hasher.add(file);
        hasher.add(threads_[0].size(), threads_[1].size(), kernel_.entries());
        return hasher.value();
    }

 private:
    struct Registration {
        int step = 0;
        Life life = 0;
        int fd = -1;
        int file = 0;
        short events = 0;
        bool live = false;

        bool operator==(const Registration&) const = default;
    };

    /// One and two share a descriptor, as the bootloader's pty is registered twice; the third opens its own,
    /// which gets a number that is used again if the others' is closed by then.
    std::string act_of(int which) {
        auto& r = registrations_[static_cast<std::size_t>(which)];
        switch (r.step) {
            case 0: {
                // The second needs the first's descriptor; in each order the third may come between.
                const auto& first = registrations_[0];
                if (which == 1 && !first.live) return {};
                r.fd = which == 1 ? first.fd : kernel_.open();
                r.file = kernel_.file(r.fd);
                r.life = ++last_life_;
                r.events = POLLIN;
                r.live = true;
                bridge_.add(kernel_, r.life, r.fd, r.events);
                break;
            }
            case 1:
                r.events = 0;
                bridge_.modify(kernel_, r.life, r.fd, r.events);
                break;
            case 2:
                r.events = POLLIN;
                bridge_.modify(kernel_, r.life, r.fd, r.events);
                break;
            case 3:
                r.live = false;
                bridge_.remove(kernel_, r.life, r.fd);
                if (!shared(which)) kernel_.close(r.fd);
                break;
            default: return {};
        }
        static constexpr std::array what = {"registers", "sleeps", "wakes", "deregisters and closes"};
        return fmt::format("registration {} {} (fd {})", which + 1, what[static_cast<std::size_t>(r.step++)],
                           r.fd);
    }

    bool shared(int which) const {
        return std::ranges::any_of(registrations_, [&, i = 0](const Registration& other) mutable {
            return i++ != which && other.live &&
                   other.fd == registrations_[static_cast<std::size_t>(which)].fd;
        });
    }

    std::string write() {
        if (writes_ == 2) return {};
        for (const auto& r : registrations_)
            if (r.live && std::ranges::find(written_, r.file) == written_.end()) {
                ++writes_;
                written_.push_back(r.file);
                kernel_.make_ready(r.file);
                return fmt::format("fd {} becomes ready", r.fd);
            }
        return {};
    }

    std::string act_of_thread(std::deque<Kernel::Event>& batch, int actor) {
        // The threads are alike: the second one works only while the first one holds a batch.
        if (&batch == &threads_[1] && threads_[0].empty() && batch.empty()) return {};
        if (!batch.empty()) {
            deliver_one(batch);
            return fmt::format("thread {} delivers", actor - registrations);
        }
        const auto events = kernel_.fetch();
        if (events.empty()) return {};
        batch.assign(events.begin(), events.end());
        return fmt::format("thread {} fetches {} events", actor - registrations, events.size());
    }

    void deliver_one(std::deque<Kernel::Event>& batch) {
        const auto event = batch.front();
        batch.pop_front();
        for (const auto& delivery : bridge_.deliver(event)) {
            const auto found =
                std::ranges::find_if(registrations_, [&](const auto& r) { return r.life == delivery.life; });
            if (found == registrations_.end() || !found->live)
                broken_ = "an event reached a registration that is gone";
            else if (found->file != event.file)
                broken_ = "an event of another file reached a registration";
            else if (found->events == 0)
                broken_ = "an event reached a registration that wants none";
        }
    }

    Kernel kernel_;
    Bridge bridge_;
    std::array<Registration, registrations> registrations_;
    std::array<std::deque<Kernel::Event>, 2> threads_;
    std::vector<int> written_;
    int writes_ = 0;
    Life last_life_ = 0;
    std::string broken_;
};

}  // namespace virtlight::model
