// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>

#include "domain/xml.hpp"
#include "libvirt/calls.hpp"
#include "libvirt/flags.hpp"

namespace virtlight::libvirt::calls {

using async::Task;

namespace {

using manager::JobReport;
using std::chrono::duration_cast;

/// virDomainJobType
std::int32_t job_type(const JobReport& job) {
    using enum JobReport::State;
    switch (job.state) {
        case none: return 0;
        case running: return job.bytes_all > 0 ? 1 : 2;  // with a known end, or without
        case completed: return 3;
        case failed: return 4;
        case cancelled: return 5;
    }
    return 0;
}

/// How a guest is to come back; empty: nothing is said.
Result<std::optional<bool>> paused_by(std::uint32_t flags) {
    switch (flags & (flag::save::running | flag::save::paused)) {
        case flag::save::running: return false;
        case flag::save::paused: return true;
        case flag::none: return std::nullopt;
        default: return fail(Reason::invalid_argument, "the flags running and paused exclude each other");
    }
}

Result<std::optional<domain::Definition>> parse_optional(const std::optional<std::string>& xml) {
    if (!xml) return std::nullopt;
    auto definition = domain::parse_xml(*xml);
    if (!definition) return std::unexpected(std::move(definition.error()));
    return std::move(*definition);
}

Result<std::string> xml_of(const Result<hypervisor::ImageHead>& head) {
    return transform(head, [](const auto& found) { return domain::format_xml(found.definition); });
}

std::uint64_t milliseconds_of(Duration duration) {
    return static_cast<std::uint64_t>(duration_cast<milliseconds>(duration).count());
}

}  // namespace

Task<Result<>> save(Manager& manager, SaveArgs args) {
    const auto paused = paused_by(args.flags);
    if (!paused) co_return std::unexpected(paused.error());
    auto definition = parse_optional(args.xml);
    if (!definition) co_return std::unexpected(std::move(definition.error()));
    manager::SaveOptions options{.paused = paused->value_or(false), .definition = std::move(*definition)};
    co_return co_await manager.save(args.dom.uuid, std::move(args.to), std::move(options));
}

Task<Result<>> save_plain(Manager& manager, DomainText args) {
    return manager.save(args.dom.uuid, std::move(args.text), {});
}

Task<Result<>> restore(Manager& manager, RestoreArgs args) {
    const auto paused = paused_by(args.flags);
    if (!paused) co_return std::unexpected(paused.error());
    auto definition = parse_optional(args.xml);
    if (!definition) co_return std::unexpected(std::move(definition.error()));
    manager::RestoreOptions options{.paused = *paused, .definition = std::move(*definition)};
    const auto restored = co_await manager.restore(std::move(args.from), std::move(options));
    if (!restored) co_return std::unexpected(restored.error());
    co_return Result<>();
}

Task<Result<>> restore_plain(Manager& manager, std::string from) {
    return restore(manager, {.from = std::move(from)});
}

Task<Result<std::string>> image_xml(Manager& manager, TextFlags args) {
    co_return xml_of(co_await manager.read_image(std::move(args.text)));
}

Task<Result<>> managed_save(Manager& manager, DomainFlags args) {
    const auto paused = paused_by(args.flags);
    if (!paused) co_return std::unexpected(paused.error());
    const manager::SaveOptions options{.paused = paused->value_or(false)};
    co_return co_await manager.managed_save(args.dom.uuid, options);
}

Result<bool> has_managed_image(Manager& manager, const DomainFlags& args) {
    return transform(manager.find(args.dom.uuid), &manager::DomainInfo::managed_image);
}

Task<Result<>> remove_managed_image(Manager& manager, DomainFlags args) {
    return manager.remove_managed_image(args.dom.uuid);
}

Task<Result<std::string>> managed_image_xml(Manager& manager, DomainFlags args) {
    co_return xml_of(co_await manager.read_managed_image(args.dom.uuid));
}

Result<> abort_job(Manager& manager, const Domain& dom) {
    return manager.abort_job(dom.uuid);
}

Result<> abort_job_flags(Manager& manager, const DomainFlags& args) {
    return manager.abort_job(args.dom.uuid);
}

Result<JobInfo> job_info(Manager& manager, const Domain& dom) {
    return transform(manager.job(dom.uuid), [](const JobReport& job) {
        JobInfo info{.type = job_type(job), .time_elapsed = milliseconds_of(job.elapsed)};
        info.data_total = info.memory_total = job.bytes_all;
        info.data_processed = info.memory_processed = std::min(job.bytes, job.bytes_all);
        info.data_remaining = info.memory_remaining = info.data_total - info.data_processed;
        return info;
    });
}

Result<JobStats> job_stats(Manager& manager, const DomainFlags& args) {
    const bool ended = (args.flags & flag::job_completed) != 0;
    const auto uuid = args.dom.uuid;
    return transform(ended ? manager.last_job(uuid) : manager.job(uuid), [](const JobReport& job) {
        JobStats stats{.type = job_type(job)};
        if (job.state == JobReport::State::none) return stats;
        const auto done = std::min(job.bytes, job.bytes_all);
        stats.params.emplace_back("operation", static_cast<std::int32_t>(job.operation));
        stats.params.emplace_back("time_elapsed", milliseconds_of(job.elapsed));
        if (job.bytes_all == 0) return stats;
        for (const std::string what : {"data", "memory"}) {
            stats.params.emplace_back(what + "_total", job.bytes_all);
            stats.params.emplace_back(what + "_processed", done);
            stats.params.emplace_back(what + "_remaining", job.bytes_all - done);
        }
        return stats;
    });
}

}  // namespace virtlight::libvirt::calls
