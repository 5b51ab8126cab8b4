// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/channel.hpp"

#include "base/limits.hpp"
#include "base/unix_address.hpp"
#include "domain/text.hpp"

namespace virtlight::domain {
Result<> add_channel(std::vector<Console>& consoles, Console channel) {
    const auto refuse = [](std::string text) { return fail(Reason::unsupported_config, "{}", text); };
    const auto& name = channel.name;
    const auto& socket = channel.socket;
    if (name.empty() || name.size() > limits::channel_name_bytes || !is_line(name))
        return refuse(fmt::format("the name of a channel must be 1 to {} bytes in one line, not '{}'",
                                  limits::channel_name_bytes, shown(name)));
    if (!socket.empty() &&
        (!socket.starts_with('/') || !is_line(socket) || socket.size() > UnixAddress::longest_path))
        return refuse(fmt::format(
            "channel '{}': its socket must be an absolute path of up to {} bytes in one line, not '{}'", name,
            UnixAddress::longest_path, shown(socket)));
    unsigned others = 0;
    for (const auto& other : consoles) {
        if (!is_channel(other)) continue;
        if (other.name == name) return refuse(fmt::format("the guest has a channel '{}' already", name));
        ++others;
    }
    if (others >= limits::channels)
        return refuse(fmt::format("a guest can have {} channels", limits::channels));
    channel.target = Console::Target::channel;
    channel.port = others + 1;
    consoles.push_back(std::move(channel));
    return {};
}

}  // namespace virtlight::domain
