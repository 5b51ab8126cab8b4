// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/consoles.hpp"

#include <algorithm>
#include <string_view>
#include <vector>

#include <boost/json.hpp>

#include "cli/console_client.hpp"
#include "cli/domains.hpp"
#include "cli/table.hpp"

namespace virtlight::cli {
namespace {

using libvirt::ConsoleInfo;

std::string_view state_of(const ConsoleInfo& console) {
    if (console.released) return "released";
    if (console.attached) return "read";
    return console.domid < 0 ? "-" : "waiting";  // for its tty, or for another program to let go of it
}

std::string as_table(const std::vector<ConsoleInfo>& all) {
    using enum Table::Side;
    Table table{{"DOMAIN"},      {"ID", right},    {"CONSOLE"},        {"STATE"},
                {"BOOT", right}, {"BYTES", right}, {"VIEWERS", right}, {"WRITER"}};
    for (const auto& console : all) {
        const auto boot = console.boots.empty() ? libvirt::BootInfo() : console.boots.back();
        const auto writer = std::ranges::find(console.viewers, true, &libvirt::ConsoleViewer::writes);
        table.add({console.domain, console.domid < 0 ? "-" : std::to_string(console.domid), console.name,
                   std::string(state_of(console)), std::to_string(boot.number), std::to_string(boot.to),
                   std::to_string(console.viewers.size()),
                   writer == console.viewers.end() ? "-" : writer->name});
    }
    return table.text();
}

std::string as_json(const std::vector<ConsoleInfo>& all) {
    boost::json::array list;
    for (const auto& console : all)
        list.push_back(as_object(console));
    return boost::json::serialize(list) + "\n";
}

/// Calls a procedure about a domain's consoles; `done` is what has become of them.
Result<std::string> tell(const std::filesystem::path& socket, const std::string& domain,
                         std::int32_t procedure, const char* done, bool json) {
    auto client = libvirt::Client::connect(socket);
    if (!client) return std::unexpected(client.error());
    const auto uuid = find_domain(*client, domain);
    if (!uuid) return std::unexpected(uuid.error());
    const auto told = client->call<libvirt::None>(procedure, libvirt::DomainConsolesArgs{*uuid},
                                                  libvirt::program::virtlight);
    if (!told) return std::unexpected(told.error());
    if (!json) return std::string();
    return boost::json::serialize(boost::json::object{{"uuid", to_string(*uuid)}, {"consoles", done}}) + "\n";
}

}  // namespace

Result<std::string> release_consoles(const std::filesystem::path& socket, const std::string& domain,
                                     bool json) {
    return tell(socket, domain, libvirt::own::release_consoles, "released", json);
}

Result<std::string> retake_consoles(const std::filesystem::path& socket, const std::string& domain,
                                    bool json) {
    return tell(socket, domain, libvirt::own::take_consoles, "retaken", json);
}

Result<std::string> consoles(const std::filesystem::path& socket, const std::optional<std::string>& domain,
                             bool json) {
    auto client = libvirt::Client::connect(socket, true);
    if (!client) return std::unexpected(client.error());
    auto all = list_consoles(*client);
    if (!all) return std::unexpected(all.error());
    if (domain) {
        const auto meant = domains_meant(*client, domain);
        if (!meant) return std::unexpected(meant.error());
        std::erase_if(*all, [&](const ConsoleInfo& one) { return one.uuid != meant->front().uuid; });
    }
    return json ? as_json(*all) : as_table(*all);
}

}  // namespace virtlight::cli
