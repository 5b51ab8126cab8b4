// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <array>
#include <cerrno>

#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include "cli/console_client.hpp"
#include "cli/consoles.hpp"

namespace virtlight::cli {
namespace {

constexpr std::uint8_t escape = 0x1d;  // Ctrl-]

/// The terminal raw for as long as this lives; does nothing where standard input is none.
class RawTerminal {
 public:
    RawTerminal() : is_one_(::tcgetattr(STDIN_FILENO, &before_) == 0) {
        auto raw = before_;
        ::cfmakeraw(&raw);
        if (is_one_) ::tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    }
    RawTerminal(const RawTerminal&) = delete;
    RawTerminal& operator=(const RawTerminal&) = delete;
    ~RawTerminal() {
        if (is_one_) ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
    }

 private:
    termios before_{};
    bool is_one_;
};

/// Passes on what was typed. False: that was all.
Result<bool> pass_input(libvirt::ClientStream& stream) {
    std::array<std::uint8_t, 4096> buffer;
    const auto n = ::read(STDIN_FILENO, buffer.data(), buffer.size());
    if (n < 0 && errno != EINTR) return fail_errno(errno, "cannot read standard input");
    if (n <= 0) return n < 0;
    const auto typed = libvirt::View(buffer).first(static_cast<std::size_t>(n));
    const auto leave = std::ranges::find(typed, escape);
    const auto wanted = typed.first(static_cast<std::size_t>(leave - typed.begin()));
    if (!wanted.empty())
        if (const auto sent = stream.send(wanted); !sent) return std::unexpected(sent.error());
    return leave == typed.end();
}

Result<> converse(libvirt::ClientStream& stream) {
    for (;;) {
        const auto data = stream.receive();
        if (!data) return std::unexpected(data.error());
        if (auto printed = print(*data); !printed) return printed;
        if (stream.ended()) return {};
        std::array<pollfd, 2> waiting{{{.fd = stream.descriptor(), .events = POLLIN, .revents = 0},
                                       {.fd = STDIN_FILENO, .events = POLLIN, .revents = 0}}};
        if (::poll(waiting.data(), waiting.size(), -1) < 0 && errno != EINTR)
            return fail_errno(errno, "cannot wait for the daemon");
        if (waiting[1].revents == 0) continue;
        const auto more = pass_input(stream);
        if (!more) return std::unexpected(more.error());
        if (!*more) return {};
    }
}

}  // namespace

Result<> console(const std::filesystem::path& socket, const ConsoleChoice& which, ConsoleAccess access) {
    auto client = libvirt::Client::connect(socket);
    if (!client) return std::unexpected(client.error());
    const auto uuid = find_domain(*client, which.domain);
    if (!uuid) return std::unexpected(uuid.error());
    const libvirt::WatchConsoleArgs args{
        .uuid = *uuid, .name = which.console, .access = static_cast<std::uint32_t>(access)};
    auto stream = libvirt::ClientStream::open(*std::move(client), libvirt::own::watch_console, args);
    if (!stream) return std::unexpected(stream.error());
    const RawTerminal raw;
    return converse(*stream);
}

}  // namespace virtlight::cli
