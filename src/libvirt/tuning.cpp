// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>

#include "libvirt/calls.hpp"
#include "libvirt/flags.hpp"

namespace virtlight::libvirt::calls {

using async::Task;

namespace {

using manager::Affects;
using manager::DomainInfo;

// virDomainMemoryStatTags
constexpr std::int32_t stat_available = 5;
constexpr std::int32_t stat_actual_balloon = 6;

/// The older calls are about the guest that runs.
constexpr Affects guest_only{.guest = true};

}  // namespace

Affects affects(std::uint32_t flags) {
    return {.guest = (flags & flag::live) != 0, .definition = (flags & flag::config) != 0};
}

Task<Result<>> set_memory(Manager& manager, MemoryFlagsArgs args) {
    if ((args.flags & flag::memory_maximum) != 0)
        return manager.set_memory_max(args.dom.uuid, args.memory_kib, affects(args.flags));
    return manager.set_memory(args.dom.uuid, args.memory_kib, affects(args.flags));
}

Task<Result<>> set_memory_plain(Manager& manager, MemoryArgs args) {
    return manager.set_memory(args.dom.uuid, args.memory_kib, guest_only);
}

Task<Result<>> set_max_memory(Manager& manager, MemoryArgs args) {
    return manager.set_memory_max(args.dom.uuid, args.memory_kib, Affects());
}

Task<Result<>> set_vcpus(Manager& manager, VcpusFlagsArgs args) {
    if ((args.flags & flag::vcpu_maximum) != 0)
        return manager.set_vcpus_max(args.dom.uuid, args.vcpus, affects(args.flags));
    return manager.set_vcpus(args.dom.uuid, args.vcpus, affects(args.flags));
}

Task<Result<>> set_vcpus_plain(Manager& manager, VcpusArgs args) {
    return manager.set_vcpus(args.dom.uuid, args.vcpus, guest_only);
}

Result<std::vector<MemoryStat>> memory_stats(Manager& manager, const MemoryStatsArgs& args) {
    const auto info = manager.find(args.dom.uuid);
    if (!info) return std::unexpected(info.error());
    if (!info->status.active()) return fail(Reason::invalid_state, "domain '{}' is not running", info->name);
    std::vector<MemoryStat> stats{{stat_actual_balloon, info->memory_kib},
                                  {stat_available, info->memory_max_kib}};
    stats.resize(std::min<std::size_t>(stats.size(), args.max));
    return stats;
}

Task<Result<std::int32_t>> rename(Manager& manager, RenameArgs args) {
    const auto renamed = co_await manager.rename(args.dom.uuid, std::move(args.name).value_or(""));
    if (!renamed) co_return std::unexpected(renamed.error());
    co_return 0;
}

}  // namespace virtlight::libvirt::calls
