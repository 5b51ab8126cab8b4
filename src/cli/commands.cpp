// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/commands.hpp"

#include <cstdint>
#include <thread>
#include <vector>

#include <boost/json.hpp>
#include <fmt/ranges.h>

#include "base/file.hpp"
#include "base/limits.hpp"
#include "cli/terminal.hpp"
#include "domain/state.hpp"
#include "domain/text.hpp"
#include "domain/xl_cfg.hpp"
#include "libvirt/client.hpp"
#include "libvirt/messages.hpp"

namespace virtlight::cli {
namespace {

/// libvirt's numbers of the procedures that are called here.
enum Procedure : std::int32_t {
    get_version = 4,
    define_xml = 11,
    get_hostname = 59,
    xml_from_native = 135,
    get_state = 212,
    list_all_domains = 273
};

struct Line {
    libvirt::Domain domain;
    domain::State state;
};

Result<std::vector<Line>> domains(libvirt::Client& client) {
    const auto all =
        client.call<libvirt::DomainList>(list_all_domains, libvirt::ListAllArgs{.need_results = 1});
    if (!all) return std::unexpected(all.error());
    std::vector<Line> lines;
    for (const auto& domain : all->domains) {
        const auto state = client.call<libvirt::StateReply>(get_state, libvirt::DomainFlags{.dom = domain});
        if (state)
            lines.push_back({domain, static_cast<domain::State>(state->state)});
        else if (state.error().reason != Reason::no_domain)  // it has ended since
            return std::unexpected(state.error());
    }
    return lines;
}

std::string shown(domain::State state) {
    using enum domain::State;
    const auto word = domain::to_string(state);
    if (state == running) return painted(word, Colour::green);
    if (state == paused || state == pm_suspended) return painted(word, Colour::yellow);
    return state == crashed ? painted(word, Colour::red) : std::string(word);
}

std::string as_table(const std::vector<Line>& lines) {
    std::string text = fmt::format("{:>5}  {:<30}  {}\n", "ID", "NAME", "STATE");
    for (const auto& [domain, state] : lines)
        text += fmt::format("{:>5}  {:<30}  {}\n", domain.id < 0 ? "-" : std::to_string(domain.id),
                            domain.name, shown(state));
    return text;
}

std::string as_json(const std::vector<Line>& lines) {
    boost::json::array list;
    for (const auto& [domain, state] : lines) {
        boost::json::object object{{"name", domain.name}, {"uuid", to_string(domain.uuid)}};
        if (domain.id >= 0) object["domid"] = domain.id;
        object["state"] = domain::to_string(state);
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
    const auto xen = client->call<std::uint64_t>(get_version);
    if (!xen) return std::unexpected(xen.error());
    const auto host = client->call<std::string>(get_hostname);
    if (!host) return std::unexpected(host.error());
    const auto release = fmt::format("{}.{}", *xen / 1'000'000, *xen / 1'000 % 1'000);
    if (!json) return fmt::format("virtlight {}\nhost {}, Xen {}\n", VIRTLIGHT_VERSION, *host, release);
    return boost::json::serialize(
               boost::json::object{{"virtlight", VIRTLIGHT_VERSION}, {"host", *host}, {"xen", release}}) +
           "\n";
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

Result<std::string> wait_ready(const std::filesystem::path& socket, Duration patience, bool json) {
    const auto end = Clock::now() + patience;
    for (;;) {
        const auto client = libvirt::Client::connect(socket, true, end);
        if (client) return std::string(json ? "{\"ready\":true}\n" : "");
        if (Clock::now() + limits::ready_again > end)
            return fail(Reason::timed_out, "no answer within {} s: {}",
                        std::chrono::duration<double>(patience).count(), client.error().message);
        std::this_thread::sleep_for(limits::ready_again);
    }
}

}  // namespace virtlight::cli
