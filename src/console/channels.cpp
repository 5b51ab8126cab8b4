// SPDX-License-Identifier: LGPL-2.1-or-later
#include "console/channels.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "domain/channel.hpp"

namespace virtlight::console {

void Channels::follow(const std::vector<domain::Console>& consoles) {
    const auto before = std::exchange(all_, {});
    for (const auto& console : consoles) {
        if (!domain::is_channel(console)) continue;
        const auto same = std::ranges::find(before, console.name, &Named::name);
        all_.push_back({.name = console.name,
                        .tty = console.tty,
                        .socket = console.socket,
                        .user = same == before.end() ? std::weak_ptr<Channel>() : same->user});
    }
}

Result<std::shared_ptr<Channel>> Channels::open(async::FdScheduler& loop, const std::string& domain,
                                                const std::optional<std::string>& name, bool force) {
    const auto found = name ? std::ranges::find(all_, *name, &Named::name) : all_.begin();
    if (found == all_.end())
        return fail(Reason::invalid_argument, "domain '{}' has no channel '{}'", domain, name.value_or(""));
    if (!found->socket.empty())
        return fail(Reason::invalid_argument, "channel '{}' of domain '{}' is a UNIX socket of dom0, {}",
                    found->name, domain, found->socket);
    if (found->tty.empty())
        return fail(Reason::operation_failed, "channel '{}' of domain '{}' has no tty yet", found->name,
                    domain);
    const auto former = found->user.lock();
    if (former && !former->end() && !force)
        return fail(Reason::operation_failed,
                    "Active channel stream exists for this domain: somebody has channel '{}' of domain '{}' "
                    "open",
                    found->name, domain);
    auto channel = std::make_shared<Channel>(loop, fmt::format("{}/{}", domain, found->name));
    if (auto opened = channel->open(found->tty); !opened) return std::unexpected(std::move(opened.error()));
    if (former)
        former->close(
            {Reason::operation_failed,
             fmt::format("another client has taken channel '{}' of domain '{}'", found->name, domain)});
    found->user = channel;
    return channel;
}

void Channels::finish() {
    for (const auto& channel : std::exchange(all_, {}))
        if (const auto user = channel.user.lock()) user->finish();
}

}  // namespace virtlight::console
