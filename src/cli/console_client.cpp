// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/console_client.hpp"

#include <cerrno>

#include <unistd.h>

#include "libvirt/messages.hpp"

namespace virtlight::cli {

Result<Uuid> find_domain(libvirt::Client& client, const std::string& name) {
    constexpr std::int32_t lookup_by_name = 23;
    const auto found = client.call<libvirt::Domain>(lookup_by_name, name);
    if (found) return found->uuid;
    if (const auto uuid = Uuid::parse(name)) return *uuid;
    return std::unexpected(found.error());
}

Result<std::vector<libvirt::ConsoleInfo>> list_consoles(libvirt::Client& client) {
    return client.call<std::vector<libvirt::ConsoleInfo>>(libvirt::own::list_consoles, libvirt::None(),
                                                          libvirt::program::virtlight);
}

Result<> print(libvirt::View bytes) {
    while (!bytes.empty()) {
        const auto n = ::write(STDOUT_FILENO, bytes.data(), bytes.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return fail_errno(errno, "cannot write");
        bytes = bytes.subspan(static_cast<std::size_t>(n));
    }
    return {};
}

}  // namespace virtlight::cli
