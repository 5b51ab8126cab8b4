// SPDX-License-Identifier: LGPL-2.1-or-later
#include <utility>

#include "libvirt/calls.hpp"
#include "libvirt/flags.hpp"
#include "libvirt/measured.hpp"

/// Where a domain's vCPUs run, and how much they get.
namespace virtlight::libvirt::calls {

using async::Task;
using domain::CpuSet;
using domain::CpuShare;
using manager::Which;

namespace {

bool has_share(const std::string& scheduler) {
    return scheduler == "credit" || scheduler == "credit2";
}

std::vector<TypedParam> params_of(const CpuShare& share) {
    constexpr unsigned default_weight = 256;
    return {{"weight", std::uint32_t{share.weight.value_or(default_weight)}},
            {"cap", std::uint32_t{share.cap.value_or(0)}}};
}

Result<CpuShare> share_in(const std::vector<TypedParam>& params) {
    CpuShare share;
    for (const auto& [field, value] : params) {
        const auto* const number = std::get_if<std::uint32_t>(&value);
        if (field != "weight" && field != "cap")
            return fail(Reason::invalid_argument, "parameter '{}' not supported; allowed are weight, cap",
                        field);
        if (!number)
            return fail(Reason::invalid_argument, "parameter '{}' must be an unsigned number", field);
        (field == "cap" ? share.cap : share.weight) = *number;
    }
    return share;
}

/// Where each vCPU may run, as the definition has it.
std::vector<CpuSet> pins_of(const domain::Definition& definition, const CpuSet& online) {
    const auto& [all, pins, share] = definition.cpu_tuning;
    std::vector<CpuSet> sets(definition.vcpus_max, all.empty() ? online : all);
    for (const auto& [vcpu, where] : pins)
        sets.at(vcpu) = where;
    return sets;
}

Task<Result<std::vector<CpuSet>>> live_pins(Manager& manager, manager::DomainInfo info) {
    const hypervisor::FiguresWanted wanted{.vcpus = true, .of = {static_cast<unsigned>(info.domid)}};
    auto figures = co_await manager.measure(wanted);
    if (!figures) co_return std::unexpected(std::move(figures.error()));
    const Measured measured(*std::move(figures));
    const auto* const its = measured.of(info);
    if (!its) co_return fail(Reason::invalid_state, "domain '{}' has stopped running", info.name);
    std::vector<CpuSet> sets;
    for (const auto& vcpu : its->vcpus)
        sets.push_back(vcpu.may_run_on);
    co_return sets;
}

}  // namespace

Task<Result<>> pin_vcpu(Manager& manager, PinVcpuArgs args) {
    return manager.pin_vcpu(args.dom.uuid, args.vcpu, CpuSet::from_bits(args.cpus), guest_only);
}

Task<Result<>> pin_vcpu_flags(Manager& manager, PinVcpuFlagsArgs args) {
    return manager.pin_vcpu(args.dom.uuid, args.vcpu, CpuSet::from_bits(args.cpus), affects(args.flags));
}

Result<> check_room_for_maps(std::int32_t vcpus, std::int32_t map_bytes) {
    if (vcpus >= 0 && map_bytes >= 0 && map_bytes <= static_cast<int>(limits::cpus / 8)) return {};
    return fail(Reason::invalid_argument, "room for {} vCPUs with maps of {} bytes", vcpus, map_bytes);
}

Task<Result<VcpuPinsReply>> vcpu_pins(Manager& manager, VcpuPinsArgs args) {
    if (auto good = check_room_for_maps(args.max, args.map_bytes); !good)
        co_return std::unexpected(std::move(good.error()));
    const auto chosen = choose_definition(manager, args.dom.uuid, args.flags);
    if (!chosen) co_return std::unexpected(chosen.error());
    const auto& [info, which] = *chosen;
    Result<std::vector<CpuSet>> sets;
    if (which == Which::live) {
        sets = co_await live_pins(manager, info);
    } else {
        sets = transform(manager.definition(info.uuid, which), [&](const domain::Definition& definition) {
            return pins_of(definition, manager.host().online_cpus());
        });
    }
    if (!sets) co_return std::unexpected(sets.error());
    VcpuPinsReply reply;
    for (const auto& set : *sets) {
        if (reply.count == args.max) break;
        ++reply.count;
        reply.maps += set.bits(static_cast<std::size_t>(args.map_bytes));
    }
    co_return reply;
}

Task<Result<SchedulerReply>> scheduler_type(Manager& manager, Domain dom) {
    const auto named = co_await manager.scheduler(dom.uuid);
    co_return transform(named, [](const std::string& scheduler) {
        return SchedulerReply{scheduler, has_share(scheduler) ? 2 : 0};
    });
}

Task<Result<std::vector<TypedParam>>> scheduler_params(Manager& manager, ParamsArgs args) {
    const auto chosen = choose_definition(manager, args.dom.uuid, args.flags);
    if (!chosen) co_return std::unexpected(chosen.error());
    const auto& [info, which] = *chosen;
    Result<CpuShare> share;
    if (which == Which::live) {
        share = co_await manager.cpu_share(info.uuid);
    } else {
        share = transform(manager.definition(info.uuid, which),
                          [](const domain::Definition& definition) { return definition.cpu_tuning.share; });
    }
    if (!share) co_return std::unexpected(share.error());
    auto params = params_of(*share);
    keep_first(params, args.max);
    co_return params;
}

Task<Result<std::vector<TypedParam>>> scheduler_params_plain(Manager& manager, DomainNumber args) {
    return scheduler_params(manager, {.dom = std::move(args.dom), .max = args.number, .flags = flag::live});
}

Task<Result<>> set_scheduler_params(Manager& manager, SetParamsArgs args) {
    const auto share = share_in(args.params);
    if (!share) co_return std::unexpected(share.error());
    co_return co_await manager.set_cpu_share(args.dom.uuid, *share, affects(args.flags));
}

Task<Result<>> set_scheduler_params_plain(Manager& manager, SetSchedulerPlainArgs args) {
    return set_scheduler_params(
        manager, {.dom = std::move(args.dom), .params = std::move(args.params), .flags = flag::live});
}

}  // namespace virtlight::libvirt::calls
