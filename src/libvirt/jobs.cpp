// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libvirt/calls.hpp"
#include "libvirt/flags.hpp"
#include "libvirt/job_params.hpp"

namespace virtlight::libvirt::calls {

using manager::JobReport;

namespace {

/// virDomainControlState
constexpr std::uint32_t control_ok = 0;
constexpr std::uint32_t control_job = 1;
constexpr std::uint32_t control_error = 3;

/// virDomainControlErrorReason: what libvirt says of a QEMU that is gone
constexpr std::uint32_t monitor_failure = 2;

}  // namespace

Result<> abort_job(Manager& manager, const Domain& dom) {
    return manager.abort_job(dom.uuid);
}

Result<> abort_job_flags(Manager& manager, const DomainFlags& args) {
    return manager.abort_job(args.dom.uuid);
}

Result<JobInfo> job_info(Manager& manager, const Domain& dom) {
    return transform(manager.job(dom.uuid), [](const JobReport& job) {
        const auto its = moved(job);
        JobInfo info{
            .type = job_type(job), .time_elapsed = elapsed_ms(job), .time_remaining = its.remaining_ms};
        info.data_total = info.memory_total = its.total;
        info.data_processed = info.memory_processed = its.done;
        info.data_remaining = info.memory_remaining = its.remaining();
        return info;
    });
}

/// What has ended stays readable whether it is asked to be kept or not: a client must not take it from
/// another.
Result<JobStats> job_stats(Manager& manager, const DomainFlags& args) {
    const bool ended = (args.flags & flag::job_completed) != 0;
    const auto uuid = args.dom.uuid;
    return transform(ended ? manager.last_job(uuid) : manager.job(uuid), [](const JobReport& job) {
        return JobStats{.type = job_type(job), .params = job_params(job)};
    });
}

/// Xen is always there to be asked: what else occupies it does not show here.
Result<ControlInfo> control_info(Manager& manager, const DomainFlags& args) {
    const auto info = find_running(manager, args.dom.uuid);
    if (!info) return std::unexpected(info.error());
    if (info->model_ended) return ControlInfo{.state = control_error, .details = monitor_failure};
    return transform(manager.job(info->uuid), [](const JobReport& job) {
        if (job.state != JobReport::State::running) return ControlInfo{.state = control_ok};
        return ControlInfo{.state = control_job, .since_ms = elapsed_ms(job)};
    });
}

}  // namespace virtlight::libvirt::calls
