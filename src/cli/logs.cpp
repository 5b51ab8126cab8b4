// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>

#include <poll.h>

#include "cli/console_client.hpp"
#include "cli/consoles.hpp"

namespace virtlight::cli {
namespace {

using libvirt::ClientStream;

/// The boot with this number among those that are held.
Result<libvirt::BootInfo> find_boot(libvirt::Client& client, const Uuid& uuid, const ConsoleChoice& which,
                                    std::uint64_t number) {
    const auto all = list_consoles(client);
    if (!all) return std::unexpected(all.error());
    for (const auto& console : *all) {
        if (console.uuid != uuid || (which.console && console.name != *which.console)) continue;
        const auto boot = std::ranges::find(console.boots, number, &libvirt::BootInfo::number);
        if (boot != console.boots.end()) return *boot;
    }
    return fail(Reason::invalid_argument, "no boot {} of domain '{}' is kept", number, which.domain);
}

std::int64_t ms_before_now(Duration ago) {
    const auto when = std::chrono::system_clock::now() - ago;
    return std::chrono::floor<milliseconds>(when).time_since_epoch().count();
}

/// What is asked for, as far as it is there already.
Result<libvirt::ReadHistoryArgs> range(libvirt::Client& client, const ConsoleChoice& which,
                                       const LogOptions& options) {
    const auto uuid = find_domain(client, which.domain);
    if (!uuid) return std::unexpected(uuid.error());
    libvirt::ReadHistoryArgs args{.uuid = *uuid, .name = which.console};
    if (options.since) args.since_ms = ms_before_now(*options.since);
    if (options.boot) {
        const auto boot = find_boot(client, *uuid, which, *options.boot);
        if (!boot) return std::unexpected(boot.error());
        args.from = boot->from;
        args.to = boot->to;
    }
    return args;
}

Result<ClientStream> open(libvirt::Client client, const libvirt::ReadHistoryArgs& args, bool follow) {
    if (!follow) return ClientStream::open(std::move(client), libvirt::own::read_history, args);
    const libvirt::WatchConsoleArgs live{
        .uuid = args.uuid, .name = args.name, .from = args.from, .since_ms = args.since_ms};
    return ClientStream::open(std::move(client), libvirt::own::watch_console, live);
}

}  // namespace

Result<> logs(const std::filesystem::path& socket, const ConsoleChoice& which, const LogOptions& options) {
    auto client = libvirt::Client::connect(socket);
    if (!client) return std::unexpected(client.error());
    const auto args = range(*client, which, options);
    if (!args) return std::unexpected(args.error());
    auto stream = open(*std::move(client), *args, options.follow);
    if (!stream) return std::unexpected(stream.error());
    for (;;) {
        const auto data = stream->receive();
        if (!data) return std::unexpected(data.error());
        if (auto printed = print(*data); !printed) return printed;
        if (stream->ended()) return {};
        pollfd waiting{.fd = stream->descriptor(), .events = POLLIN, .revents = 0};
        if (::poll(&waiting, 1, -1) < 0 && errno != EINTR)
            return fail_errno(errno, "cannot wait for the daemon");
    }
}

Result<Duration> parse_ago(std::string_view text) {
    std::uint32_t number = 0;
    const auto* const end = text.data() + text.size();
    const auto [unit, error] = std::from_chars(text.data(), end, number);
    const std::string_view word(unit, static_cast<std::size_t>(end - unit));
    if (error == std::errc()) {
        if (word.empty() || word == "s") return seconds(number);
        if (word == "m") return std::chrono::minutes(number);
        if (word == "h") return std::chrono::hours(number);
        if (word == "d") return std::chrono::days(number);
    }
    return fail(Reason::invalid_argument, "'{}' is no time: write 90s, 15m, 2h or 3d", text);
}

}  // namespace virtlight::cli
