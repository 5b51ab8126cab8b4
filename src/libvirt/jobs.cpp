// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>

#include "libvirt/calls.hpp"
#include "libvirt/flags.hpp"
#include "libvirt/job_params.hpp"

namespace virtlight::libvirt::calls {

using manager::JobReport;

Result<> abort_job(Manager& manager, const Domain& dom) {
    return manager.abort_job(dom.uuid);
}

Result<> abort_job_flags(Manager& manager, const DomainFlags& args) {
    return manager.abort_job(args.dom.uuid);
}

Result<JobInfo> job_info(Manager& manager, const Domain& dom) {
    return transform(manager.job(dom.uuid), [](const JobReport& job) {
        JobInfo info{.type = job_type(job), .time_elapsed = elapsed_ms(job)};
        info.data_total = info.memory_total = job.bytes_all;
        info.data_processed = info.memory_processed = std::min(job.bytes, job.bytes_all);
        info.data_remaining = info.memory_remaining = info.data_total - info.data_processed;
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

}  // namespace virtlight::libvirt::calls
