// SPDX-License-Identifier: LGPL-2.1-or-later
#include "async/fd_table.hpp"

#include <algorithm>

#include <poll.h>

namespace virtlight::async {

FdTable::Added FdTable::add(int fd, short events) {
    auto& name = by_fd_[fd];
    if (!name) name = descriptors_.insert({.fd = fd, .watches = {}});
    auto& descriptor = *descriptors_.find(name);
    const auto id = watches_.insert({.events = events, .descriptor = name});
    descriptor.watches.push_back(id);
    return {id, tell(name, descriptor)};
}

FdTable::Change FdTable::modify(WatchId id, short events) {
    auto* const watch = watches_.find(id);
    if (!watch) return {};
    watch->events = events;
    return tell(watch->descriptor, *descriptors_.find(watch->descriptor));
}

FdTable::Change FdTable::remove(WatchId id) {
    auto* const watch = watches_.find(id);
    if (!watch) return {};
    const auto name = watch->descriptor;
    auto& descriptor = *descriptors_.find(name);
    watches_.erase(id);
    std::erase(descriptor.watches, id);
    const auto change = tell(name, descriptor);
    if (descriptor.watches.empty()) {
        by_fd_.erase(descriptor.fd);
        descriptors_.erase(name);
    }
    return change;
}

short FdTable::wanted(WatchId id, short revents) const {
    const auto* const watch = watches_.find(id);
    if (!watch || watch->events == 0) return 0;
    return static_cast<short>(revents & (watch->events | POLLERR | POLLHUP));
}

FdTable::Wish FdTable::wish(DescriptorId descriptor) const {
    const auto* const found = descriptors_.find(descriptor);
    return found ? Wish{found->fd, found->told} : Wish{};
}

const std::vector<WatchId>& FdTable::watches(DescriptorId descriptor) const {
    static const std::vector<WatchId> none;
    const auto* const found = descriptors_.find(descriptor);
    return found ? found->watches : none;
}

FdTable::Change FdTable::tell(DescriptorId id, Descriptor& descriptor) {
    short events = 0;
    for (const auto watch : descriptor.watches)
        events = static_cast<short>(events | watches_.find(watch)->events);
    if (events == descriptor.told) return {};
    const auto kind = descriptor.told == 0 ? Change::Kind::add
                      : events == 0        ? Change::Kind::remove
                                           : Change::Kind::modify;
    descriptor.told = events;
    return {kind, descriptor.fd, events, id};
}

}  // namespace virtlight::async
