// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/unix_address.hpp"

#include <algorithm>

namespace virtlight {

Result<UnixAddress> UnixAddress::of(const std::filesystem::path& path) {
    const auto& name = path.native();
    // With a zero in front the kernel would take it for an abstract name, with one elsewhere for a shorter
    // path, and would make a name up for an empty one.
    if (name.empty() || name.contains('\0'))
        return fail(Reason::invalid_argument, "a socket's path is empty or has a zero byte in it");
    if (name.size() > longest_path)
        return fail(Reason::invalid_argument,
                    "the socket's path '{}' is longer than the {} bytes that the kernel takes", name,
                    longest_path);
    UnixAddress address;
    std::ranges::copy(name, address.address_.sun_path);
    return address;
}

int UnixAddress::connect(const Fd& socket) const {
    return ::connect(socket.get(), plain(), sizeof address_);
}

int UnixAddress::bind(const Fd& socket) const {
    return ::bind(socket.get(), plain(), sizeof address_);
}

const sockaddr* UnixAddress::plain() const {
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): how sockets are addressed
    return reinterpret_cast<const sockaddr*>(&address_);
}

}  // namespace virtlight
