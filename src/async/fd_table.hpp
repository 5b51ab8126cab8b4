// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <unordered_map>
#include <vector>

#include "async/scheduler.hpp"
#include "async/slots.hpp"

namespace virtlight::async {

/// One name for "this descriptor, from its first watch to its last": what the kernel gives back with an
/// event. A number that is closed and opened again gets another name, so an event fetched before is
/// recognised as stale.
using DescriptorId = Id<struct DescriptorTag>;

/// Who watches which descriptor for what. Pure: it says what the kernel must be told, and somebody else tells
/// it.
///
/// The kernel keeps one entry a descriptor, so the masks of all its watches are joined. It must not keep an
/// entry for a joined mask of 0, as a hang-up cannot be masked and would be reported without end.
class FdTable {
 public:
    /// What to tell the kernel so that it agrees with the table again.
    struct Change {
        enum class Kind { none, add, modify, remove };
        Kind kind = Kind::none;
        int fd = -1;
        short events = 0;
        DescriptorId descriptor;

        bool operator==(const Change&) const = default;
    };

    struct Added {
        WatchId id;
        Change change;
    };

    Added add(int fd, short events);
    /// An id that is gone changes nothing.
    Change modify(WatchId id, short events);
    Change remove(WatchId id);

    bool contains(WatchId id) const { return watches_.find(id) != nullptr; }

    /// Whether the watch stands and `revents` of the kernel concern it: what it asked for, and errors and
    /// hang-ups unless it asked for nothing. 0: do not call it.
    short wanted(WatchId id, short revents) const;

    struct Wish {
        int fd = -1;
        short events = 0;  ///< of all its watches
    };
    /// What is watched under this name; no descriptor if it is stale.
    Wish wish(DescriptorId descriptor) const;

    /// The watches of a descriptor, oldest first; empty if the name is stale. Valid until the table changes.
    const std::vector<WatchId>& watches(DescriptorId descriptor) const;

    std::size_t size() const { return watches_.size(); }

    /// Equals answer alike from here on.
    bool operator==(const FdTable&) const = default;

 private:
    struct Watch {
        short events = 0;
        DescriptorId descriptor;

        bool operator==(const Watch&) const = default;
    };
    struct Descriptor {
        int fd = -1;
        short told = 0;  ///< the mask that the kernel has
        std::vector<WatchId> watches;

        bool operator==(const Descriptor&) const = default;
    };

    Change tell(DescriptorId id, Descriptor& descriptor);

    Slots<WatchId, Watch> watches_;
    Slots<DescriptorId, Descriptor> descriptors_;
    std::unordered_map<int, DescriptorId> by_fd_;
};

}  // namespace virtlight::async
