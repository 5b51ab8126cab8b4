// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "manager/manager.hpp"
#include "simulation/wish.hpp"

namespace virtlight::simulation {

/// What is stored is what clients were told: a change that has ended well is there, one that has failed never
/// was, and of one that was under way when the daemon was killed either is true.
class StoredRules {
 public:
    void ended_well(const Wish& wish);
    /// Not by being refused: it may stay in one place.
    void failed(const Wish& wish);
    /// The daemon was killed before it has ended.
    void in_doubt(const Wish& wish);
    /// Another tool has done it, to a guest.
    void done_in_xen(const Wish& wish);

    /// What is wrong with what `manager` says is stored; empty: nothing. Settles doubts.
    std::string check(const manager::Manager& manager);

 private:
    struct Entry {
        std::optional<domain::Definition> definition{};
        bool autostart = false;

        bool operator==(const Entry&) const = default;
    };
    static std::string to_text(const Entry& entry);
    static Entry after(Entry entry, const Wish& wish);

    std::map<Uuid, std::vector<Entry>> entries_;  ///< what may be true; one, if there is no doubt
    std::map<Uuid, std::vector<Wish>> in_xen_;    ///< Xen may have it, and a daemon follow it later
};

}  // namespace virtlight::simulation
