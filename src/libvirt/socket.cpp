// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libvirt/socket.hpp"

#include <array>
#include <cerrno>
#include <cstring>

#include <sys/socket.h>

#include "base/limits.hpp"
#include "base/unix_address.hpp"

namespace virtlight::libvirt {

namespace {

void take_descriptors(msghdr& message, std::vector<Fd>& descriptors) {
    for (auto* part = CMSG_FIRSTHDR(&message); part; part = CMSG_NXTHDR(&message, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
        const auto count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (std::size_t i = 0; i < count; ++i) {
            int fd = -1;
            std::memcpy(&fd, CMSG_DATA(part) + i * sizeof(int), sizeof(int));
            descriptors.emplace_back(fd);
        }
    }
}

bool would_block(int error) {
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

}  // namespace

Result<std::size_t> read_some(int socket, std::span<std::uint8_t> buffer, std::vector<Fd>& descriptors) {
    iovec part{.iov_base = buffer.data(), .iov_len = buffer.size()};
    // Those for which this had no room would be closed by the kernel, here and now.
    alignas(cmsghdr) std::array<std::uint8_t, CMSG_SPACE(limits::descriptors_at_once * sizeof(int))> control;
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();

    const auto got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (got < 0) {
        if (would_block(errno)) return 0;
        return fail_errno(errno, "cannot read");
    }
    take_descriptors(message, descriptors);
    if (got == 0) return fail(Reason::io, "the other end has closed the connection");
    return static_cast<std::size_t>(got);
}

Result<std::size_t> read_some(int socket, std::span<std::uint8_t> buffer) {
    std::vector<Fd> closed_at_once;
    return read_some(socket, buffer, closed_at_once);
}

Result<std::size_t> write_some(int socket, View bytes) {
    const auto put = send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (put >= 0) return static_cast<std::size_t>(put);
    if (would_block(errno)) return 0;
    return fail_errno(errno, "cannot write");
}

Result<Fd> connect_at_once(const std::filesystem::path& path) {
    const auto address = UnixAddress::of(path);
    if (!address) return std::unexpected(address.error());
    Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket) return fail_errno(errno, "cannot make a socket");
    if (address->connect(socket) != 0) return fail_errno(errno, "cannot connect to '{}'", path.native());
    return socket;
}

Result<Peer> peer_of(int socket) {
    ucred credentials{};
    socklen_t size = sizeof credentials;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) {
        return fail_errno(errno, "cannot tell who connected");
    }
    // Not a file of any disk: this does not block.
    constexpr std::size_t longest = 64;
    auto command = read_file(fmt::format("/proc/{}/comm", credentials.pid), longest).value_or("");
    if (command.ends_with('\n')) command.pop_back();
    return Peer{.uid = credentials.uid, .pid = credentials.pid, .command = std::move(command)};
}

}  // namespace virtlight::libvirt
