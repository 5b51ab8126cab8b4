// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/commands.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/json.hpp>
#include <fmt/ranges.h>

#include "base/file.hpp"
#include "base/limits.hpp"
#include "cli/domains.hpp"
#include "cli/table.hpp"
#include "domain/state.hpp"
#include "domain/text.hpp"
#include "domain/xl_cfg.hpp"
#include "libvirt/client.hpp"
#include "libvirt/messages.hpp"
#include "libvirt/own_messages.hpp"

namespace virtlight::cli {
namespace {

/// libvirt's numbers of the procedures that are called here.
enum Procedure : std::int32_t { get_version = 4, define_xml = 11, get_hostname = 59, xml_from_native = 135 };

struct Line {
    libvirt::Domain domain;
    libvirt::DomainInfoReply info;

    domain::State state() const { return static_cast<domain::State>(info.state); }
    bool runs() const { return domain.id >= 0; }
};

Result<std::vector<Line>> domains(libvirt::Client& client) {
    const auto all = all_domains(client);
    if (!all) return std::unexpected(all.error());
    std::vector<Line> lines;
    for (const auto& domain : *all) {
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

/// What the daemon, which has read the file, has no way to tell.
std::vector<std::string> remarks_about(std::string_view xl_cfg) {
    auto cfg = virtlight::domain::read_xl_cfg(xl_cfg);
    return cfg ? std::move(cfg->remarks) : std::vector<std::string>();
}

}  // namespace

Result<std::string> version(const std::filesystem::path& socket, bool json) {
    auto client = libvirt::Client::connect(socket, true);
    if (!client) return std::unexpected(client.error());
    const auto daemon =
        client->call<std::string>(libvirt::own::daemon_version, libvirt::None(), libvirt::program::virtlight);
    if (!daemon) return std::unexpected(daemon.error());
    const auto xen = client->call<std::uint64_t>(get_version);
    if (!xen) return std::unexpected(xen.error());
    const auto host = client->call<std::string>(get_hostname);
    if (!host) return std::unexpected(host.error());
    const auto release = fmt::format("{}.{}", *xen / 1'000'000, *xen / 1'000 % 1'000);
    if (!json)
        return fmt::format("virtlight {}\nvirtlightd {}\nhost {}, Xen {}\n", VIRTLIGHT_VERSION, *daemon,
                           *host, release);
    const boost::json::object versions{
        {"virtlight", VIRTLIGHT_VERSION}, {"virtlightd", *daemon}, {"host", *host}, {"xen", release}};
    return boost::json::serialize(versions) + "\n";
}

Result<std::string> list(const std::filesystem::path& socket, bool json) {
    auto client = libvirt::Client::connect(socket, true);
    if (!client) return std::unexpected(client.error());
    const auto lines = domains(*client);
    if (!lines) return std::unexpected(lines.error());
    return json ? as_json(*lines) : as_table(*lines);
}

Result<std::string> import_config(const std::filesystem::path& socket, const std::filesystem::path& file,
                                  bool json) {
    auto text = read_file(file, limits::xl_cfg_bytes);
    if (!text) return std::unexpected(text.error());
    auto client = libvirt::Client::connect(socket, false);
    if (!client) return std::unexpected(client.error());
    const auto xml =
        client->call<std::string>(xml_from_native, libvirt::NativeArgs{.format = "xen-xl", .text = *text});
    if (!xml) return fail(xml.error().reason, "{}: {}", file.string(), xml.error().message);
    const auto domain = client->call<libvirt::Domain>(define_xml, *xml);
    if (!domain) return std::unexpected(domain.error());
    const auto remarks = remarks_about(*text);
    if (json)
        return boost::json::serialize(boost::json::object{{"name", domain->name},
                                                          {"uuid", to_string(domain->uuid)},
                                                          {"file", virtlight::domain::as_utf8(file.string())},
                                                          {"remarks", boost::json::value_from(remarks)}}) +
               "\n";
    return fmt::format("Domain '{}' defined from {}\n{}{}", domain->name, file.string(),
                       fmt::join(remarks, "\n"), remarks.empty() ? "" : "\n");
}

}  // namespace virtlight::cli
