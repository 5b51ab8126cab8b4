// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/cpu_tuning.hpp"
#include "xenlight/words.hpp"
#include "xenlight/xen_hypervisor.hpp"

/// Where a guest's vCPUs run, how much they get, and where its memory is.
namespace virtlight::xenlight {

using async::Task;
using domain::CpuShare;
using hypervisor::DomId;
using hypervisor::Operation;

namespace {

using CpuMap = Owned<libxl_bitmap, libxl_bitmap_init, libxl_bitmap_dispose>;
using CpuPool = Owned<libxl_cpupoolinfo, libxl_cpupoolinfo_init, libxl_cpupoolinfo_dispose>;
using SchedulerParameters =
    Owned<libxl_domain_sched_params, libxl_domain_sched_params_init, libxl_domain_sched_params_dispose>;

Result<> pin(Context& context, const std::string& what, DomId domid, unsigned vcpu,
             const domain::CpuSet& cpus) {
    CpuMap map;
    auto written = context.attempt(what, domid, [&](libxl_ctx* ctx) { return write_cpus(ctx, cpus, *map); });
    if (!written) return written;
    if (read_cpus(*map).empty())
        return fail(Reason::invalid_argument, "cannot {}: the host has none of the processors {}", what,
                    cpus.format());
    return context.attempt(what, domid, [&](libxl_ctx* ctx) {
        const libxl_bitmap* const no_other_wish = nullptr;
        return libxl_set_vcpuaffinity(ctx, domid, vcpu, map.get(), no_other_wish);
    });
}

Result<> read_share(Context& context, const std::string& what, DomId domid, SchedulerParameters& parameters) {
    auto read = context.attempt(what, domid, [&](libxl_ctx* ctx) {
        return libxl_domain_sched_params_get(ctx, domid, parameters.get());
    });
    if (!read) return read;
    const auto scheduler = parameters->sched;
    if (scheduler == LIBXL_SCHEDULER_CREDIT || scheduler == LIBXL_SCHEDULER_CREDIT2) return {};
    return fail(Reason::unsupported_operation, "cannot {}: Xen's scheduler '{}' has neither weight nor cap",
                what, libxl_scheduler_to_string(scheduler));
}

}  // namespace

Task<Result<>> XenHypervisor::pin_vcpu(DomId domid, unsigned vcpu, domain::CpuSet cpus, Operation operation) {
    return tell(
        "pin a vCPU of", domid, std::move(operation),
        [domid, vcpu, cpus = std::move(cpus)](Context& context, const std::string& what) {
            return pin(context, what, domid, vcpu, cpus);
        },
        Whom::host_too);
}

Task<Result<std::string>> XenHypervisor::scheduler(DomId domid) {
    return asking_.call([domid](Context& context) -> Result<std::string> {
        DomainInfo info;
        CpuPool pool;
        const auto what = fmt::format("read the scheduler of domain {}", domid);
        const auto read = context.attempt(what, domid, [&](libxl_ctx* ctx) {
            if (const int rc = libxl_domain_info(ctx, info.get(), domid); rc != 0) return rc;
            return libxl_cpupool_info(ctx, pool.get(), info->cpupool);
        });
        if (!read) return std::unexpected(read.error());
        return text_of(libxl_scheduler_to_string(pool->sched));
    });
}

Task<Result<CpuShare>> XenHypervisor::cpu_share(DomId domid) {
    return asking_.call([domid](Context& context) -> Result<CpuShare> {
        SchedulerParameters parameters;
        const auto what = fmt::format("read the scheduling of domain {}", domid);
        const auto read = read_share(context, what, domid, parameters);
        if (!read) return std::unexpected(read.error());
        return CpuShare{.weight = static_cast<unsigned>(parameters->weight),
                        .cap = static_cast<unsigned>(parameters->cap)};
    });
}

Task<Result<>> XenHypervisor::set_cpu_share(DomId domid, CpuShare share, Operation operation) {
    return tell(
        "schedule", domid, std::move(operation),
        [domid, share](Context& context, const std::string& what) -> Result<> {
            SchedulerParameters parameters;
            if (auto read = read_share(context, what, domid, parameters); !read) return read;
            if (share.weight) parameters->weight = static_cast<int>(*share.weight);
            if (share.cap) parameters->cap = static_cast<int>(*share.cap);
            return context.attempt(what, domid, [&](libxl_ctx* ctx) {
                return libxl_domain_sched_params_set(ctx, domid, parameters.get());
            });
        },
        Whom::host_too);
}

Task<Result<domain::CpuSet>> XenHypervisor::memory_nodes(DomId domid) {
    return asking_.call([domid](Context& context) -> Result<domain::CpuSet> {
        CpuMap nodes;  // libxl has one kind of set
        const auto what = fmt::format("read the NUMA nodes of domain {}", domid);
        const auto read = context.attempt(what, domid, [&](libxl_ctx* ctx) {
            constexpr int as_many_as_there_are = 0;
            if (const int rc = libxl_node_bitmap_alloc(ctx, nodes.get(), as_many_as_there_are); rc != 0)
                return rc;
            return libxl_domain_get_nodeaffinity(ctx, domid, nodes.get());
        });
        if (!read) return std::unexpected(read.error());
        return read_cpus(*nodes);
    });
}

}  // namespace virtlight::xenlight
