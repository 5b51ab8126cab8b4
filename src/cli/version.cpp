// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/version.hpp"

#include <cstdint>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "cli/procedures.hpp"
#include "libvirt/client.hpp"
#include "libvirt/own_messages.hpp"

namespace virtlight::cli {

Result<std::string> version(const std::filesystem::path& socket, bool json) {
    auto client = libvirt::Client::connect(socket, true);
    if (!client) return std::unexpected(client.error());
    const auto daemon =
        client->call<std::string>(libvirt::own::daemon_version, libvirt::None(), libvirt::program::virtlight);
    if (!daemon) return std::unexpected(daemon.error());
    const auto xen = client->call<std::uint64_t>(procedure::get_version);
    if (!xen) return std::unexpected(xen.error());
    const auto host = client->call<std::string>(procedure::get_hostname);
    if (!host) return std::unexpected(host.error());
    const auto release = fmt::format("{}.{}", *xen / 1'000'000, *xen / 1'000 % 1'000);
    if (!json)
        return fmt::format("virtlight {}\nvirtlightd {}\nhost {}, Xen {}\n", VIRTLIGHT_VERSION, *daemon,
                           *host, release);
    const boost::json::object versions{
        {"virtlight", VIRTLIGHT_VERSION}, {"virtlightd", *daemon}, {"host", *host}, {"xen", release}};
    return boost::json::serialize(versions) + "\n";
}

}  // namespace virtlight::cli
