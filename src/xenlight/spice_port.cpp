// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/spice_port.hpp"

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/limits.hpp"

namespace virtlight::xenlight {
namespace {

/// Of either family.
struct Address {
    sockaddr_storage storage{};
    socklen_t size = 0;
};

/// `text` is an IP address.
Address address_of(const std::string& text, unsigned port) {
    Address address;
    const auto number = htons(static_cast<std::uint16_t>(port));
    sockaddr_in v4{.sin_family = AF_INET, .sin_port = number, .sin_addr = {}, .sin_zero = {}};
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = number;
    if (::inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1) {
        std::memcpy(&address.storage, &v4, address.size = sizeof(v4));
    } else {
        ::inet_pton(AF_INET6, text.c_str(), &v6.sin6_addr);
        std::memcpy(&address.storage, &v6, address.size = sizeof(v6));
    }
    return address;
}

/// 0, or errno. Bound to itself alone, and then ready to be shared with one who listens.
int bind_port(int socket, const Address& address) {
    if (::bind(socket, reinterpret_cast<const sockaddr*>(&address.storage), address.size) != 0) return errno;
    const int on = 1;
    return ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 ? 0 : errno;
}

}  // namespace

Result<SpicePort> SpicePort::take(const std::string& listen) {
    for (auto port = limits::first_spice_port; port <= limits::last_spice_port; ++port) {
        const auto address = address_of(listen, port);
        Fd socket(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
        if (socket) socket.keep_from_children();
        const int why = socket ? bind_port(socket.get(), address) : errno;
        if (why == 0) return SpicePort(std::move(socket), port);
        if (why != EADDRINUSE)
            return fail(Reason::operation_failed, "its SPICE server can have no port at {}: {}", listen,
                        errno_text(why));
    }
    return fail(Reason::operation_failed, "its SPICE server can have no port at {}: {} to {} are in use",
                listen, limits::first_spice_port, limits::last_spice_port);
}

}  // namespace virtlight::xenlight
