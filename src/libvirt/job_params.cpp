// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libvirt/job_params.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "base/limits.hpp"
#include "base/utf8.hpp"
#include "domain/text.hpp"
#include "libvirt/job_messages.hpp"

namespace virtlight::libvirt {

using domain::JobReport;

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

std::uint64_t elapsed_ms(const JobReport& job) {
    return static_cast<std::uint64_t>(in_milliseconds(job.elapsed));
}

Moved moved(const JobReport& job) {
    if (job.bytes_all == 0) return {};
    const auto ms = elapsed_ms(job);
    Moved moved{.total = job.bytes_all, .done = std::min(job.bytes, job.bytes_all)};
    // A guest's image is about as long as its memory.
    if (job.state == JobReport::State::completed && job.bytes > 0) moved.total = moved.done = job.bytes;
    if (ms > 0) moved.per_second = moved.done * 1000 / ms;
    if (job.state == JobReport::State::running && moved.per_second > 0)
        moved.remaining_ms = moved.remaining() * 1000 / moved.per_second;
    return moved;
}

namespace {

/// It may speak of a file whose name is no text, and is as long as what a client has asked for.
std::string told_problem(std::string_view problem) {
    return domain::as_utf8(cut_to(problem, limits::job_problem));
}

std::string own_field(std::string_view field) {
    return std::string(own_job_fields) + std::string(field);
}

void add_own(const JobReport& job, std::vector<TypedParam>& params) {
    if (job.id > 0) params.emplace_back(own_field("job"), job.id);
    for (const auto& [field, text] : {std::pair("operation", job.verb), std::pair("phase", job.phase),
                                      std::pair("client", std::string_view(job.client))})
        if (!text.empty()) params.emplace_back(own_field(field), domain::as_utf8(text));
    if (job.left)
        params.emplace_back(own_field("time_left"), static_cast<std::uint64_t>(in_milliseconds(*job.left)));
    if (job.waiting > 0) params.emplace_back(own_field("waiting"), std::uint64_t{job.waiting});
}

}  // namespace

std::vector<TypedParam> job_params(const JobReport& job) {
    using enum JobReport::State;
    std::vector<TypedParam> params;
    if (job.state == none) return params;
    params.emplace_back("operation", static_cast<std::int32_t>(job.operation));
    params.emplace_back("time_elapsed", elapsed_ms(job));
    if (job.state != running) params.emplace_back("success", job.state == completed);
    if (!job.problem.empty()) params.emplace_back("errmsg", told_problem(job.problem));
    add_own(job, params);
    if (job.bytes_all == 0) return params;
    const auto its = moved(job);
    if (its.remaining_ms > 0) params.emplace_back("time_remaining", its.remaining_ms);
    for (const std::string what : {"data", "memory"}) {
        params.emplace_back(what + "_total", its.total);
        params.emplace_back(what + "_processed", its.done);
        params.emplace_back(what + "_remaining", its.remaining());
    }
    params.emplace_back("memory_bps", its.per_second);
    return params;
}

}  // namespace virtlight::libvirt
