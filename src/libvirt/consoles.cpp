// SPDX-License-Identifier: LGPL-2.1-or-later
#include "console/consoles.hpp"

#include "libvirt/calls.hpp"
#include "libvirt/channel_stream.hpp"
#include "libvirt/console_stream.hpp"
#include "libvirt/flags.hpp"

namespace virtlight::libvirt::calls {
namespace {

console::Attachment attachment(const Caller& caller, const console::Console& console, std::uint32_t flags) {
    const bool force = (flags & flag::console::force) != 0;
    return {.name = viewer_name(caller),
            .access = force ? console::Access::force : console::Access::write,
            .safe = (flags & flag::console::safe) != 0,
            .watches_on = false,
            .from = console.history().recent(caller.consoles->settings().recent)};
}

}  // namespace

std::string viewer_name(const Caller& caller) {
    return fmt::format("a client with pid {}", caller.pid);
}

Result<> room_for_stream(Caller& caller) {
    if (!caller.consoles) return fail(Reason::no_support, "consoles");
    if (caller.session.streams().size() >= limits::streams) return no_room_for_stream();
    return {};
}

Result<> open_console(Caller& caller, const OpenDeviceArgs& args) {
    if (auto room = room_for_stream(caller); !room) return room;
    auto console = caller.consoles->find(args.dom.uuid, args.name);
    if (!console) return std::unexpected(console.error());
    auto how = attachment(caller, **console, args.flags);
    auto stream = ConsoleStream::open(*std::move(console), std::move(how), caller.wake, {});
    if (!stream) return std::unexpected(stream.error());
    caller.stream = *std::move(stream);
    return {};
}

Result<> open_channel(Caller& caller, const OpenDeviceArgs& args) {
    if (auto room = room_for_stream(caller); !room) return room;
    const bool force = (args.flags & flag::console::force) != 0;
    auto channel = caller.consoles->open_channel(args.dom.uuid, args.name, force);
    if (!channel) return std::unexpected(channel.error());
    caller.stream = std::make_unique<ChannelStream>(*std::move(channel), caller.wake);
    return {};
}

}  // namespace virtlight::libvirt::calls
