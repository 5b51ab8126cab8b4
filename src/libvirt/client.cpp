// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libvirt/client.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>

#include <poll.h>
#include <sys/socket.h>

#include "base/limits.hpp"
#include "base/unix_address.hpp"
#include "libvirt/error.hpp"
#include "libvirt/flags.hpp"
#include "libvirt/messages.hpp"
#include "libvirt/socket.hpp"

namespace virtlight::libvirt {

namespace {

constexpr std::int32_t connect_open = 1;
constexpr std::int32_t connect_close = 2;
constexpr std::int32_t auth_list = 66;

/// Waits no longer for a listener that has too many waiting: connect() keeps to the time that send() has.
void bound_connecting(const Fd& socket, Time deadline) {
    if (deadline == Time::max()) return;
    const auto left = std::max(std::chrono::ceil<std::chrono::microseconds>(deadline - Clock::now()),
                               std::chrono::microseconds(1));
    const auto whole = std::chrono::floor<seconds>(left);
    const timeval wait{.tv_sec = whole.count(), .tv_usec = (left - whole).count()};
    ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
}

/// What the kernel's reason means to an admin.
std::string_view advice(int errno_value) {
    switch (errno_value) {
        case ENOENT:
        case ECONNREFUSED: return "; virtlightd does not run there";
        case EACCES: return "; by default it lets in root alone (socket_mode in virtlightd(8))";
        default: return "";
    }
}

Result<Fd> connect_to(const std::filesystem::path& path, Time deadline) {
    const auto address = UnixAddress::of(path);
    if (!address) return std::unexpected(address.error());
    Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!socket) return fail_errno(errno, "cannot make a socket");
    bound_connecting(socket, deadline);
    int failed = 0;
    do
        failed = address->connect(socket);
    while (failed != 0 && errno == EINTR);
    if (failed != 0 && errno == EAGAIN)
        return fail(Reason::timed_out, "{} takes no more clients", path.native());
    const int why = errno;
    if (failed != 0)
        return fail(Reason::io, "cannot connect to {}: {}{}", path.native(), errno_text(why), advice(why));
    return socket;
}

}  // namespace

Result<Client> Client::connect(const std::filesystem::path& socket, bool read_only, Time deadline) {
    auto connected = connect_to(socket, deadline);
    if (!connected) return std::unexpected(connected.error());
    Client client(*std::move(connected), deadline);

    const auto ways = client.call<std::vector<std::int32_t>>(auth_list);
    if (!ways) return std::unexpected(ways.error());
    if (std::ranges::find(*ways, 0) == ways->end()) {
        return fail(Reason::access_denied, "{} asks for a way of authentication that is not known here",
                    socket.native());
    }
    const auto opened = client.call<void>(
        connect_open,
        OpenArgs{.uri = "xen:///system", .flags = read_only ? flag::open_read_only : flag::none});
    if (!opened) return std::unexpected(opened.error());
    return client;
}

Client::~Client() {
    if (!socket_) return;
    Bytes packet;
    append_packet(packet, {.program = program::remote, .procedure = connect_close, .serial = ++last_serial_},
                  {});
    [[maybe_unused]] const auto sent = write_some(socket_.get(), packet);
}

Result<Bytes> Client::exchange(std::uint32_t program, std::int32_t procedure, View payload) {
    const auto deadline = std::min(end_, Clock::now() + limits::answer_wait);
    const Header call{.program = program, .procedure = procedure, .serial = ++last_serial_};
    if (const auto sent = send(call, payload, deadline); !sent) return std::unexpected(sent.error());
    while (true) {
        const auto packet = receive(deadline);
        if (!packet) return std::unexpected(packet.error());
        const auto& header = packet->header;
        if (header.program == program::keepalive && header.procedure == keepalive::ping) {
            const Header pong{
                .program = program::keepalive, .procedure = keepalive::pong, .type = MessageType::message};
            if (const auto sent = send(pong, {}, deadline); !sent) return std::unexpected(sent.error());
        }
        if (header.type != MessageType::reply || header.serial != call.serial) continue;
        if (header.status == MessageStatus::ok) return Bytes(packet->payload.begin(), packet->payload.end());
        const auto error = decode<WireError>(packet->payload);
        return std::unexpected(error ? from_wire(*error) : error.error());
    }
}

Result<> Client::send(const Header& header, View payload, Time deadline) {
    Bytes packet;
    append_packet(packet, header, payload);
    for (View rest = packet; !rest.empty();) {
        if (const auto ready = wait(POLLOUT, deadline); !ready) return ready;
        const auto put = write_some(socket_.get(), rest);
        if (!put) return std::unexpected(put.error());
        rest = rest.subspan(*put);
    }
    return {};
}

Result<Packet> Client::receive(Time deadline) {
    while (true) {
        const auto packet = framer_.next();
        if (!packet) return std::unexpected(packet.error());
        if (*packet) return **packet;
        if (const auto ready = wait(POLLIN, deadline); !ready) return std::unexpected(ready.error());
        std::array<std::uint8_t, limits::read_bytes> buffer;
        const auto got = read_some(socket_.get(), buffer);
        if (!got) return lost(got.error());
        framer_.add(View(buffer).first(*got));
    }
}

std::unexpected<Error> Client::lost(const Error& why) {
    return fail(Reason::io,
                "the connection to virtlightd is lost ({}); 'virtlight wait-ready' returns when it serves "
                "clients again",
                why.message);
}

Result<> Client::wait(short events, Time deadline) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now());
    pollfd waiting{.fd = socket_.get(), .events = events, .revents = 0};
    const int ready = poll(&waiting, 1, static_cast<int>(std::max(left, milliseconds(0)).count()));
    if (ready == 0) return fail(Reason::timed_out, "the daemon does not answer");
    if (ready < 0 && errno != EINTR) return fail_errno(errno, "cannot wait for the daemon");
    return {};
}

}  // namespace virtlight::libvirt
