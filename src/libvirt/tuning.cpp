// SPDX-License-Identifier: LGPL-2.1-or-later
#include <optional>

#include "libvirt/calls.hpp"
#include "libvirt/flags.hpp"

namespace virtlight::libvirt::calls {

using async::Task;

namespace {

using domain::Definition;
using manager::Affects;
using manager::DomainInfo;

// virDomainMemoryStatTags
constexpr std::int32_t stat_available = 5;
constexpr std::int32_t stat_actual_balloon = 6;

/// How many vCPUs are online once these have been brought there, or taken away. A guest has the first ones
/// online and no others.
Result<unsigned> count_after(const Definition& definition, const domain::CpuSet& named, bool online) {
    if (named.end() > definition.vcpus_max)
        return fail(Reason::invalid_argument, "domain '{}' has no vCPU {}: it has {}", definition.name,
                    named.end() - 1, definition.vcpus_max);
    auto after = domain::CpuSet::first(definition.vcpus);
    for (unsigned vcpu = 0; vcpu < named.end(); ++vcpu)
        if (named.contains(vcpu)) online ? after.insert(vcpu) : after.erase(vcpu);
    if (after.contains(0) && after == domain::CpuSet::first(after.end())) return after.end();
    return fail(Reason::unsupported_operation,
                "the vCPUs of domain '{}' would be {}; here the first ones are online, and no others",
                definition.name, after.empty() ? "none" : after.format());
}

/// The same for the guest and for the definition, as far as each is meant.
Result<unsigned> count_after(Manager& manager, const DomainInfo& info, const SetVcpuArgs& args) {
    const auto named = domain::CpuSet::parse(args.vcpus);
    if (!named) return std::unexpected(named.error());
    std::optional<unsigned> count;
    const auto asked = args.flags & (flag::live | flag::config);
    for (const auto one : {flag::live, flag::config}) {
        if (asked != flag::none && (asked & one) == 0) continue;
        const auto which = which_definition(info, asked == flag::none ? flag::none : one);
        if (!which) return std::unexpected(which.error());
        const auto definition = manager.definition(info.uuid, *which);
        if (!definition) return std::unexpected(definition.error());
        const auto after = count_after(*definition, *named, args.online != 0);
        if (!after) return after;
        if (count && *count != *after)
            return fail(Reason::unsupported_operation,
                        "the guest has other vCPUs online than its definition: change one at a time");
        count = *after;
    }
    return *count;
}

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

Task<Result<>> set_vcpu(Manager& manager, SetVcpuArgs args) {
    const auto info = manager.find(args.dom.uuid);
    if (!info) co_return std::unexpected(info.error());
    const auto count = count_after(manager, *info, args);
    if (!count) co_return std::unexpected(count.error());
    co_return co_await manager.set_vcpus(info->uuid, *count, affects(args.flags));
}

Result<std::vector<MemoryStat>> memory_stats(Manager& manager, const MemoryStatsArgs& args) {
    const auto info = find_running(manager, args.dom.uuid);
    if (!info) return std::unexpected(info.error());
    std::vector<MemoryStat> stats{{stat_actual_balloon, info->memory_kib},
                                  {stat_available, info->memory_max_kib}};
    keep_first(stats, args.max);
    return stats;
}

Task<Result<std::int32_t>> rename(Manager& manager, RenameArgs args) {
    const auto renamed = co_await manager.rename(args.dom.uuid, std::move(args.name).value_or(""));
    if (!renamed) co_return std::unexpected(renamed.error());
    co_return 0;
}

}  // namespace virtlight::libvirt::calls
