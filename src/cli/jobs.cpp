// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/jobs.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "cli/domains.hpp"
#include "cli/procedures.hpp"
#include "cli/table.hpp"
#include "domain/text.hpp"
#include "libvirt/client.hpp"
#include "libvirt/job_messages.hpp"

namespace virtlight::cli {
namespace {

struct JobShown {
    libvirt::Domain domain;
    std::vector<libvirt::TypedParam> params;
};

/// The value of a field, if it has one of this type.
template <class T>
std::optional<T> value_of(const JobShown& job, std::string_view field) {
    const auto found = std::ranges::find(job.params, field, &libvirt::TypedParam::field);
    const auto* const value = found == job.params.end() ? nullptr : std::get_if<T>(&found->value);
    return value ? std::optional(*value) : std::nullopt;
}

std::optional<std::uint64_t> number_of(const JobShown& job, std::string_view field) {
    return value_of<std::uint64_t>(job, field);
}

/// What libvirt has no field for.
template <class T>
std::optional<T> own_value_of(const JobShown& job, std::string_view field) {
    return value_of<T>(job, std::string(libvirt::own_job_fields) + std::string(field));
}

Result<std::vector<JobShown>> running_jobs(libvirt::Client& client, const std::optional<std::string>& name) {
    const auto meant = domains_meant(client, name);
    if (!meant) return std::unexpected(meant.error());
    std::vector<JobShown> jobs;
    for (const auto& domain : *meant) {
        auto stats =
            client.call<libvirt::JobStats>(procedure::get_job_stats, libvirt::DomainFlags{.dom = domain});
        if (!stats && stats.error().reason == Reason::no_domain) continue;  // it has ended since
        if (!stats) return std::unexpected(std::move(stats.error()));
        if (stats->type != 0) jobs.push_back({domain, std::move(stats->params)});
    }
    return jobs;
}

std::string text_shown(const JobShown& job, std::string_view field) {
    const auto text = own_value_of<std::string>(job, field);
    return text ? domain::shown(*text) : "-";
}

std::string seconds_shown(std::optional<std::uint64_t> ms) {
    return ms ? fmt::format("{} s", *ms / 1000) : "-";
}

std::string part_done(const JobShown& job) {
    const auto total = number_of(job, "data_total").value_or(0);
    if (total == 0) return "-";
    return fmt::format("{} %", number_of(job, "data_processed").value_or(0) * 100 / total);
}

std::string table_of_jobs(const std::vector<JobShown>& jobs) {
    using enum Table::Side;
    Table table{{"ID", right},      {"DOMAIN"},      {"OPERATION"},   {"PHASE"},
                {"RUNNING", right}, {"LEFT", right}, {"DONE", right}, {"CLIENT"}};
    for (const auto& job : jobs)
        table.add({job.domain.id < 0 ? "-" : std::to_string(job.domain.id), job.domain.name,
                   text_shown(job, "operation"), text_shown(job, "phase"),
                   seconds_shown(number_of(job, "time_elapsed")),
                   seconds_shown(own_value_of<std::uint64_t>(job, "time_left")), part_done(job),
                   text_shown(job, "client")});
    return table.text();
}

boost::json::object job_object(const JobShown& job) {
    boost::json::object object{{"domain", job.domain.name}, {"uuid", to_string(job.domain.uuid)}};
    if (job.domain.id >= 0) object["domid"] = job.domain.id;
    for (const auto* const field : {"operation", "phase", "client"})
        if (const auto text = own_value_of<std::string>(job, field)) object[field] = domain::as_utf8(*text);
    for (const auto& [name, value] : {std::pair("job", own_value_of<std::uint64_t>(job, "job")),
                                      std::pair("running_ms", number_of(job, "time_elapsed")),
                                      std::pair("left_ms", own_value_of<std::uint64_t>(job, "time_left")),
                                      std::pair("bytes", number_of(job, "data_processed")),
                                      std::pair("bytes_all", number_of(job, "data_total")),
                                      std::pair("waiting", own_value_of<std::uint64_t>(job, "waiting"))})
        if (value) object[name] = *value;
    return object;
}

std::string json_of_jobs(const std::vector<JobShown>& jobs) {
    boost::json::array list;
    for (const auto& job : jobs)
        list.push_back(job_object(job));
    return boost::json::serialize(list) + "\n";
}

}  // namespace

Result<std::string> jobs(const std::filesystem::path& socket, const std::optional<std::string>& domain,
                         bool json) {
    auto client = libvirt::Client::connect(socket, true);
    if (!client) return std::unexpected(client.error());
    const auto running = running_jobs(*client, domain);
    if (!running) return std::unexpected(running.error());
    return json ? json_of_jobs(*running) : table_of_jobs(*running);
}

}  // namespace virtlight::cli
