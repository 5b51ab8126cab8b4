// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/list.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "cli/domains.hpp"
#include "cli/table.hpp"
#include "domain/state.hpp"
#include "libvirt/client.hpp"
#include "libvirt/messages.hpp"

namespace virtlight::cli {
namespace {

struct Line {
    libvirt::Domain domain;
    libvirt::DomainInfoReply info;

    domain::State state() const { return static_cast<domain::State>(info.state); }
    bool runs() const { return domain.id >= 0; }
};

Result<std::vector<Line>> lines_of(libvirt::Client& client, const std::optional<std::string>& name) {
    const auto meant = domains_meant(client, name);
    if (!meant) return std::unexpected(meant.error());
    std::vector<Line> lines;
    for (const auto& domain : *meant) {
        const auto info = info_of(client, domain.uuid);
        if (info)
            lines.push_back({domain, *info});
        else if (info.error().reason != Reason::no_domain)  // it has ended since
            return std::unexpected(info.error());
    }
    return lines;
}

std::optional<Colour> colour_of(domain::State state) {
    using enum domain::State;
    if (state == running) return Colour::green;
    if (state == paused || state == pm_suspended) return Colour::yellow;
    return state == crashed ? std::optional(Colour::red) : std::nullopt;
}

std::string as_table(const std::vector<Line>& lines) {
    using enum Table::Side;
    constexpr std::uint64_t kib_per_mib = 1024;
    Table table{{"ID", right}, {"NAME"}, {"STATE"}, {"MEMORY", right}, {"VCPUS", right}, {"CPU TIME", right}};
    for (const auto& line : lines) {
        const auto seconds = static_cast<double>(line.info.cpu_time_ns) / 1e9;
        table.add({line.runs() ? std::to_string(line.domain.id) : "-",
                   line.domain.name,
                   {std::string(domain::to_string(line.state())), colour_of(line.state())},
                   fmt::format("{} MiB", line.info.memory_kib / kib_per_mib),
                   std::to_string(line.info.vcpus),
                   line.runs() ? fmt::format("{:.1f} s", seconds) : "-"});
    }
    return table.text();
}

std::string as_json(const std::vector<Line>& lines) {
    constexpr std::uint64_t ns_per_ms = 1'000'000;
    boost::json::array list;
    for (const auto& line : lines) {
        boost::json::object object{{"name", line.domain.name}, {"uuid", to_string(line.domain.uuid)}};
        if (line.runs()) object["domid"] = line.domain.id;
        object["state"] = domain::to_string(line.state());
        object["memory_kib"] = line.info.memory_kib;
        object["vcpus"] = line.info.vcpus;
        if (line.runs()) object["cpu_time_ms"] = line.info.cpu_time_ns / ns_per_ms;
        list.push_back(std::move(object));
    }
    return boost::json::serialize(list) + "\n";
}

}  // namespace

Result<std::string> list(const std::filesystem::path& socket, const std::optional<std::string>& domain,
                         bool json) {
    auto client = libvirt::Client::connect(socket, true);
    if (!client) return std::unexpected(client.error());
    const auto lines = lines_of(*client, domain);
    if (!lines) return std::unexpected(lines.error());
    return json ? as_json(*lines) : as_table(*lines);
}

}  // namespace virtlight::cli
