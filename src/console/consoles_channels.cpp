// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <utility>

#include "console/consoles.hpp"
#include "domain/channel.hpp"

/// The channels of domains.
namespace virtlight::console {

/// One whose tty has moved is another one: what was open ends with its tty.
void Consoles::name_channels(Guest& guest, const std::vector<domain::Console>& consoles) {
    auto before = std::exchange(guest.channels, {});
    for (const auto& console : consoles) {
        if (!domain::is_channel(console)) continue;
        const auto same = std::ranges::find(before, console.name, &NamedChannel::name);
        guest.channels.push_back({.name = console.name,
                                  .tty = console.tty,
                                  .socket = console.socket,
                                  .open = same == before.end() ? std::weak_ptr<Channel>() : same->open});
    }
}

void Consoles::end_channels(Guest& guest) {
    for (const auto& channel : std::exchange(guest.channels, {}))
        if (const auto open = channel.open.lock()) open->finish();
}

Result<std::shared_ptr<Channel>> Consoles::open_channel(Uuid uuid, const std::optional<std::string>& name,
                                                        bool force) {
    const auto guest = running(uuid);
    if (!guest) return std::unexpected(guest.error());
    const auto& domain = (*guest)->name;
    auto& channels = (*guest)->channels;
    const auto found = name ? std::ranges::find(channels, *name, &NamedChannel::name) : channels.begin();
    if (found == channels.end())
        return fail(Reason::invalid_argument, "domain '{}' has no channel '{}'", domain, name.value_or(""));
    if (!found->socket.empty())
        return fail(Reason::invalid_argument, "channel '{}' of domain '{}' is a UNIX socket of dom0, {}",
                    found->name, domain, found->socket);
    if (found->tty.empty())
        return fail(Reason::operation_failed, "channel '{}' of domain '{}' has no tty yet", found->name,
                    domain);
    const auto former = found->open.lock();
    if (former && !former->end() && !force)
        return fail(Reason::operation_failed,
                    "Active channel stream exists for this domain: somebody has channel '{}' of domain '{}' "
                    "open",
                    found->name, domain);
    auto channel = std::make_shared<Channel>(loop_, fmt::format("{}/{}", domain, found->name));
    if (auto opened = channel->open(found->tty); !opened) return std::unexpected(std::move(opened.error()));
    if (former)
        former->close(
            {Reason::operation_failed,
             fmt::format("another client has taken channel '{}' of domain '{}'", found->name, domain)});
    found->open = channel;
    return channel;
}

}  // namespace virtlight::console
