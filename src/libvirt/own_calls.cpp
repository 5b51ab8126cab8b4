// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>

#include "console/consoles.hpp"
#include "libvirt/calls.hpp"
#include "libvirt/console_stream.hpp"

// Our own program.

namespace virtlight::libvirt::calls {
namespace {

ConsoleInfo described(const console::Consoles::Listed& listed) {
    ConsoleInfo info{.uuid = listed.uuid,
                     .domain = listed.domain,
                     .domid = listed.domid ? static_cast<std::int32_t>(*listed.domid) : -1,
                     .name = listed.name,
                     .attached = listed.console->attached(),
                     .released = listed.released};
    for (const auto& boot : listed.console->history().boots())
        info.boots.push_back({.number = boot.number(),
                              .began_ms = boot.began().time_since_epoch().count(),
                              .from = boot.range().from,
                              .to = boot.range().to});
    for (const auto& mark : listed.console->history().marks())
        info.marks.push_back(
            {std::string(to_string(mark.kind)), mark.at, mark.time.time_since_epoch().count()});
    for (const auto& viewer : listed.console->broker().viewers())
        info.viewers.push_back({viewer.name, viewer.writes, viewer.behind, viewer.missed});
    return info;
}

std::optional<console::Access> access_of(std::uint32_t number) {
    using enum console::Access;
    constexpr console::Access all[] = {view, write, write_if_free, force};
    if (number >= std::size(all)) return std::nullopt;
    return all[number];
}

/// Milliseconds since 1970; 0: from the first byte that is held.
console::Offset since(const console::Ring& history, std::int64_t ms) {
    return ms == 0 ? history.begin() : history.since(WallTime(milliseconds(ms)));
}

}  // namespace

Result<std::vector<ConsoleInfo>> list_consoles(Caller& caller, const None&) {
    std::vector<ConsoleInfo> all;
    if (!caller.consoles) return all;
    for (const auto& listed : caller.consoles->list())
        all.push_back(described(listed));
    return all;
}

Result<> watch_console(Caller& caller, const WatchConsoleArgs& args) {
    const auto access = access_of(args.access);
    if (!access) return fail(Reason::invalid_argument, "there is no way {} to watch a console", args.access);
    if (auto room = room_for_stream(caller); !room) return room;
    auto console = caller.consoles->find(args.uuid, args.name);
    if (!console) return std::unexpected(console.error());
    const auto& history = (*console)->history();
    const auto from = args.from == WatchConsoleArgs::recent
                          ? history.recent(caller.consoles->settings().recent)
                          : args.from;
    console::Attachment how{.name = viewer_name(caller),
                            .access = *access,
                            .from = std::max(from, since(history, args.since_ms))};
    auto stream = ConsoleStream::open(*std::move(console), std::move(how), caller.wake,
                                      {.marks = args.marks, .passes_on_all = true});
    if (!stream) return std::unexpected(stream.error());
    caller.stream = *std::move(stream);
    return {};
}

Result<> read_history(Caller& caller, const ReadHistoryArgs& args) {
    if (auto room = room_for_stream(caller); !room) return room;
    auto console = caller.consoles->find_history(args.uuid, args.name);
    if (!console) return std::unexpected(console.error());
    const auto& history = (*console)->history();
    const auto from =
        std::clamp(args.from, std::min(since(history, args.since_ms), history.end()), history.end());
    const console::Range range{from, std::clamp(args.to, from, history.end())};
    std::optional<ConsoleMarks> marks;
    if (args.marks) marks.emplace(range.from, args.to);
    caller.stream = std::make_unique<HistoryStream>(*std::move(console), range, marks);
    return {};
}

Result<> release_consoles(Caller& caller, const DomainConsolesArgs& args) {
    if (!caller.consoles) return fail(Reason::no_support, "consoles");
    return caller.consoles->release(args.uuid);
}

async::Task<Result<>> take_consoles(console::Consoles& consoles, DomainConsolesArgs args) {
    return consoles.take_back(args.uuid);
}

Result<std::string> daemon_version(Caller&, const None&) {
    return std::string(VIRTLIGHT_VERSION);
}

}  // namespace virtlight::libvirt::calls
