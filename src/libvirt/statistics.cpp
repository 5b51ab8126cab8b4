// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <optional>
#include <utility>

#include "libvirt/calls.hpp"
#include "libvirt/measured.hpp"
#include "libvirt/statistics_params.hpp"

/// What is counted of one domain.
namespace virtlight::libvirt::calls {

using async::Task;
using hypervisor::DiskFigures;
using hypervisor::DomainFigures;
using hypervisor::FiguresWanted;

namespace {

std::uint64_t nanoseconds_of(nanoseconds time) {
    return static_cast<std::uint64_t>(time.count());
}

/// Of a domain that runs, taken now.
Task<Result<DomainFigures>> measure(Manager& manager, Uuid uuid, FiguresWanted wanted) {
    const auto info = manager.find(uuid);
    if (!info) co_return std::unexpected(info.error());
    if (info->domid < 0) co_return fail(Reason::invalid_state, "domain '{}' is not running", info->name);
    wanted.of = {static_cast<hypervisor::DomId>(info->domid)};
    auto figures = co_await manager.measure(std::move(wanted));
    if (!figures) co_return std::unexpected(std::move(figures.error()));
    const Measured measured(*std::move(figures));
    if (const auto* const found = measured.of(*info)) co_return *found;
    co_return fail(Reason::invalid_state, "domain '{}' has stopped running", info->name);
}

/// For errors about a domain that may have gone meanwhile.
std::string shown_name(const Manager& manager, Uuid uuid) {
    const auto info = manager.find(uuid);
    return info ? info->name : to_string(uuid);
}

/// The name in dom0 of the interface that has this MAC address, or the text as it is.
std::string nic_name(const Manager& manager, const DomainFigures& figures, const std::string& text) {
    const auto mac = domain::MacAddress::parse(text);
    const auto definition = manager.definition(figures.seen.uuid, manager::Which::live);
    if (!mac || !definition) return text;
    const auto nic = std::ranges::find(definition->nics, *mac, &domain::Nic::mac);
    return nic == definition->nics.end() ? text : domain::vif_name(*nic, figures.seen.domid);
}

/// The target of the disk that has this path, or the text as it is.
std::string disk_target(const Manager& manager, const DomainFigures& figures, const std::string& text) {
    const auto definition = manager.definition(figures.seen.uuid, manager::Which::live);
    if (!definition || text.empty()) return text;
    const auto disk = std::ranges::find(definition->disks, text, &domain::Disk::path);
    return disk == definition->disks.end() ? text : to_string(disk->target);
}

/// The sum of all disks where none is named, as libvirt has it.
Result<DiskFigures> disk_named(const Manager& manager, const DomainFigures& figures,
                               const std::string& text) {
    const auto target = disk_target(manager, figures, text);
    if (target.empty()) {
        constexpr nanoseconds none{};
        DiskFigures sum{.read = {.time = none}, .written = {.time = none}, .flush_time = none};
        for (const auto& disk : figures.disks)
            sum.add(disk);
        return sum;
    }
    const auto found = std::ranges::find(
        figures.disks, target, [](const DiskFigures& disk) { return domain::to_string(disk.target); });
    if (found != figures.disks.end()) return *found;
    const auto definition = manager.definition(figures.seen.uuid, manager::Which::live);
    const auto has_it = [&](const domain::Disk& disk) { return to_string(disk.target) == target; };
    if (definition && std::ranges::any_of(definition->disks, has_it))
        return fail(Reason::operation_failed,
                    "who serves disk '{}' of domain '{}' does not tell what it has counted", target,
                    definition->name);
    return fail(Reason::invalid_argument, "invalid path '{}': domain '{}' has no such disk", target,
                shown_name(manager, figures.seen.uuid));
}

}  // namespace

/// Xen counts the time of vCPUs, and not where it was spent: a processor of the answer is a vCPU.
Task<Result<ParamsReply>> cpu_stats(Manager& manager, CpuStatsArgs args) {
    constexpr std::int32_t params_each = 1;
    const bool total = args.first_cpu < 0;
    const FiguresWanted wanted{.vcpus = !total};
    const auto figures = co_await measure(manager, args.dom.uuid, wanted);
    if (!figures) co_return std::unexpected(figures.error());
    const auto vcpus = figures->vcpus.size();
    if (args.params_max == 0) {
        const bool counting = !total && args.cpus == 0;
        co_return ParamsReply{.count = counting ? static_cast<std::int32_t>(vcpus) : params_each};
    }
    ParamsReply reply{.count = params_each};
    if (total) {
        reply.params.push_back({"cpu_time", nanoseconds_of(figures->seen.cpu_time)});
        co_return reply;
    }
    const auto first = static_cast<std::size_t>(args.first_cpu);
    if (first >= vcpus)
        co_return fail(Reason::invalid_argument, "start_cpu is {}, and the domain has {} vCPUs",
                       args.first_cpu, vcpus);
    for (auto vcpu = first; vcpu < vcpus && vcpu - first < args.cpus; ++vcpu)
        reply.params.push_back({"cpu_time", nanoseconds_of(figures->vcpus[vcpu].time)});
    co_return reply;
}

Task<Result<VcpusReply>> get_vcpus(Manager& manager, GetVcpusArgs args) {
    if (auto good = check_room_for_maps(args.max, args.map_bytes); !good)
        co_return std::unexpected(std::move(good.error()));
    const FiguresWanted wanted{.vcpus = true};
    const auto figures = co_await measure(manager, args.dom.uuid, wanted);
    if (!figures) co_return std::unexpected(figures.error());
    VcpusReply reply;
    for (const auto& vcpu : figures->vcpus) {
        const auto number = reply.vcpus.size();
        if (number == static_cast<std::size_t>(args.max)) break;
        reply.vcpus.push_back({.number = static_cast<std::uint32_t>(number),
                               .state = vcpu_state(vcpu),
                               .time_ns = nanoseconds_of(vcpu.time),
                               .cpu = vcpu.online ? static_cast<std::int32_t>(vcpu.cpu) : -1});
        reply.maps += vcpu.may_run_on.bits(static_cast<std::size_t>(args.map_bytes));
    }
    co_return reply;
}

Task<Result<InterfaceStats>> interface_stats(Manager& manager, DomainText args) {
    const FiguresWanted wanted{.nics = true};
    const auto figures = co_await measure(manager, args.dom.uuid, wanted);
    if (!figures) co_return std::unexpected(figures.error());
    const auto found = std::ranges::find(figures->nics, nic_name(manager, *figures, args.text),
                                         &hypervisor::NicFigures::name);
    if (found == figures->nics.end())
        co_return fail(Reason::invalid_argument, "domain '{}' has no network interface '{}'",
                       shown_name(manager, args.dom.uuid), args.text);
    const auto& received = found->received;
    const auto& sent = found->sent;
    co_return InterfaceStats{received.bytes, received.packets, received.errors, received.dropped,
                             sent.bytes,     sent.packets,     sent.errors,     sent.dropped};
}

Task<Result<BlockStats>> block_stats(Manager& manager, DomainText args) {
    const FiguresWanted wanted{.disks = true, .patience = limits::qmp_answer};
    const auto figures = co_await measure(manager, args.dom.uuid, wanted);
    if (!figures) co_return std::unexpected(figures.error());
    const auto disk = disk_named(manager, *figures, args.text);
    if (!disk) co_return std::unexpected(disk.error());
    constexpr std::int64_t not_counted = -1;
    co_return BlockStats{static_cast<std::int64_t>(disk->read.requests),
                         static_cast<std::int64_t>(disk->read.bytes),
                         static_cast<std::int64_t>(disk->written.requests),
                         static_cast<std::int64_t>(disk->written.bytes), not_counted};
}

Task<Result<ParamsReply>> block_stats_flags(Manager& manager, BlockStatsArgs args) {
    const FiguresWanted wanted{.disks = true, .patience = limits::qmp_answer};
    const auto figures = co_await measure(manager, args.dom.uuid, wanted);
    if (!figures) co_return std::unexpected(figures.error());
    const auto disk = disk_named(manager, *figures, args.path);
    if (!disk) co_return std::unexpected(disk.error());
    const auto signed_count = [](std::uint64_t count) { return static_cast<std::int64_t>(count); };
    ParamsReply reply{.params = {{"rd_operations", signed_count(disk->read.requests)},
                                 {"rd_bytes", signed_count(disk->read.bytes)},
                                 {"wr_operations", signed_count(disk->written.requests)},
                                 {"wr_bytes", signed_count(disk->written.bytes)},
                                 {"flush_operations", signed_count(disk->flushes)}}};
    const auto add_time = [&](const char* name, std::optional<nanoseconds> time) {
        if (time) reply.params.push_back({name, std::int64_t{time->count()}});
    };
    add_time("rd_total_times", disk->read.time);
    add_time("wr_total_times", disk->written.time);
    add_time("flush_total_times", disk->flush_time);
    const auto all = reply.params.size();
    keep_first(reply.params, args.params_max);
    reply.count = static_cast<std::int32_t>(reply.params.empty() ? all : reply.params.size());
    co_return reply;
}

Task<Result<BlockInfo>> block_info(Manager& manager, BlockInfoArgs args) {
    const auto size = co_await manager.disk_size(args.dom.uuid, std::move(args.path));
    if (!size) co_return std::unexpected(size.error());
    co_return BlockInfo{
        .allocation = size->allocation, .capacity = size->capacity, .physical = size->physical};
}

Task<Result<std::string>> block_peek(Manager& manager, BlockPeekArgs args) {
    if (args.size > limits::wire_string)
        co_return fail(Reason::invalid_argument,
                       "{} bytes of a disk are too many; {} at most are read at once", args.size,
                       limits::wire_string);
    co_return co_await manager.peek_disk(args.dom.uuid, std::move(args.path), args.offset, args.size);
}

/// Xen lets a guest know of an error, and stops none for it.
Result<DiskErrorsReply> disk_errors(Manager& manager, const DiskErrorsArgs& args) {
    const auto info = find_running(manager, args.dom.uuid);
    if (!info) return std::unexpected(info.error());
    const auto definition = manager.definition(info->uuid, manager::Which::live);
    if (!definition) return std::unexpected(definition.error());
    return DiskErrorsReply{.count = args.max == 0 ? static_cast<std::int32_t>(definition->disks.size()) : 0};
}

}  // namespace virtlight::libvirt::calls
