// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/console.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>

#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.hpp"
#include "base/limits.hpp"
#include "cli/console_client.hpp"
#include "cli/domains.hpp"
#include "cli/output.hpp"
#include "cli/terminal.hpp"
#include "libvirt/streams.hpp"

namespace virtlight::cli {
namespace {

constexpr std::uint8_t escape = 0x1d;  // Ctrl-]

/// What ends the program, when it does not end by itself.
constexpr int endings[] = {SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGPIPE};

/// The terminal as it was; for the handler of signals, which can come anywhere: also in a write that waits.
termios terminal_before{};

void restore_and_end(int signal) {
    ::tcsetattr(STDIN_FILENO, TCSANOW, &terminal_before);
    ::raise(signal);  // with its usual end, as SA_RESETHAND has it
}

/// The terminal raw for as long as this lives, and no longer if a signal ends the program; does nothing where
/// standard input is none. There is one at a time.
class RawTerminal {
 public:
    RawTerminal() : is_one_(::tcgetattr(STDIN_FILENO, &terminal_before) == 0) {
        if (!is_one_) return;
        handle_endings(restore_and_end);
        auto raw = terminal_before;
        ::cfmakeraw(&raw);
        ::tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    }
    RawTerminal(const RawTerminal&) = delete;
    RawTerminal& operator=(const RawTerminal&) = delete;
    ~RawTerminal() {
        if (!is_one_) return;
        ::tcsetattr(STDIN_FILENO, TCSANOW, &terminal_before);
        handle_endings(SIG_DFL);
    }

 private:
    /// Those that whoever started the program has it ignore stay ignored.
    static void handle_endings(void (*handler)(int)) {
        struct sigaction action = {};
        action.sa_handler = handler;
        action.sa_flags = static_cast<int>(SA_RESETHAND | SA_NODEFER);
        for (const int signal : endings) {
            struct sigaction before = {};
            ::sigaction(signal, nullptr, &before);
            if (before.sa_handler != SIG_IGN) ::sigaction(signal, &action, nullptr);
        }
    }

    bool is_one_;
};

/// What is to be done after what was typed: go on, leave, or go on without further input, as it has ended.
enum class Typed { more, leave, end };

/// Where the escape stands in what was typed, or its end. In a file it is a byte like any other.
libvirt::View::iterator find_escape(libvirt::View typed) {
    return is_terminal(stdin) ? std::ranges::find(typed, escape) : typed.end();
}

/// Passes on what was typed.
Result<Typed> pass_input(libvirt::ClientStream& stream) {
    std::array<std::uint8_t, 4096> buffer;
    const auto n = ::read(STDIN_FILENO, buffer.data(), buffer.size());
    if (n < 0 && errno != EINTR) return fail_errno(errno, "cannot read standard input");
    if (n <= 0) return n < 0 ? Typed::more : Typed::end;
    const auto typed = libvirt::View(buffer).first(static_cast<std::size_t>(n));
    const auto leave = find_escape(typed);
    const auto wanted = typed.first(static_cast<std::size_t>(leave - typed.begin()));
    if (!wanted.empty())
        if (const auto sent = stream.send(wanted); !sent) return std::unexpected(sent.error());
    return leave == typed.end() ? Typed::more : Typed::leave;
}

/// Waits until the daemon has taken what was typed, as it drops what is left when its client is gone.
Result<> finish(libvirt::ClientStream& stream) {
    if (auto told = stream.finish(); !told) return told;
    const auto deadline = Clock::now() + limits::last_input;
    for (;;) {
        const auto data = stream.receive();
        if (!data) return std::unexpected(data.error());
        if (auto printed = print(libvirt::as_text(*data)); !printed) return printed;
        if (stream.finished()) return {};
        const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now());
        if (left <= milliseconds(0))
            return fail(Reason::timed_out, "the guest has not taken all of its input");
        if (!data->empty()) continue;
        pollfd waiting{.fd = stream.descriptor(), .events = POLLIN, .revents = 0};
        if (::poll(&waiting, 1, static_cast<int>(left.count())) < 0 && errno != EINTR)
            return fail_errno(errno, "cannot wait for the daemon");
    }
}

/// Until the user or the guest ends it. One who only watches needs no input to go on.
Result<> converse(libvirt::ClientStream& stream, bool only_watches) {
    int input = STDIN_FILENO;
    for (;;) {
        const auto data = stream.receive();
        if (!data) return std::unexpected(data.error());
        if (auto printed = print(libvirt::as_text(*data)); !printed) return printed;
        if (stream.ended()) return {};
        const int patience = data->empty() ? -1 : 0;  // there may be more
        const auto can_be_read = wait_for_more(stream, input, patience);
        if (!can_be_read) return std::unexpected(can_be_read.error());
        if (!*can_be_read) continue;
        const auto typed = pass_input(stream);
        if (!typed) return std::unexpected(typed.error());
        if (*typed == Typed::leave) return {};
        if (*typed == Typed::end && !only_watches) return finish(stream);
        if (*typed == Typed::end) input = -1;
    }
}

Result<> converse_raw(libvirt::ClientStream& stream, bool only_watches) {
    const RawTerminal raw;
    return converse(stream, only_watches);
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
    // A guest may say nothing, and Ctrl-C is for it; what it said last may have no end of a line.
    const bool by_hand = is_terminal(stdin);
    if (by_hand) std::fputs("Ctrl-] leaves the console.\n", stderr);
    auto done = converse_raw(*stream, access == ConsoleAccess::view);
    if (by_hand) std::fputs("\n", stderr);
    return done;
}

}  // namespace virtlight::cli
