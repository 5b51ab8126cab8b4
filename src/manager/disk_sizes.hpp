// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "async/scope.hpp"
#include "async/task.hpp"
#include "manager/core.hpp"

namespace virtlight::manager {

/// What the sources of many disks say of themselves. One whose storage does not answer is told of as it was
/// the last time, and not asked again until it does.
class DiskSizes {
 public:
    explicit DiskSizes(Core& core) : core_(core) {}

    /// Ends when all have been looked at, but after `patience` at the latest. `all`: there are no others, and
    /// what is known of such is forgotten; else only if limits::disk_sizes are known already.
    async::Task<> look(std::vector<domain::Disk> disks, bool all, Duration patience);
    /// Empty: nothing is known of it.
    std::optional<hypervisor::DiskSize> of(const domain::Disk& disk) const;

    /// The looks that have not ended.
    async::Scope& looks() { return looks_; }

 private:
    using Key = std::pair<std::string, domain::Disk::Format>;
    struct Known {
        std::optional<hypervisor::DiskSize> size{};
        bool looking = false;
        std::uint64_t kept = 0;  ///< the last keep_only() that it was wanted by
    };
    struct Round;

    static Key key_of(const domain::Disk& disk) { return {disk.path, disk.format}; }
    async::Task<> keep_only(std::shared_ptr<Round> round);
    async::Task<> work(std::shared_ptr<Round> round);

    Core& core_;
    std::map<Key, Known> known_;
    std::uint64_t times_kept_ = 0;
    std::size_t working_ = 0;
    async::Scope looks_;
};

}  // namespace virtlight::manager
