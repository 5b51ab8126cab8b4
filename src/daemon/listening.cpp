// SPDX-License-Identifier: LGPL-2.1-or-later
#include "daemon/listening.hpp"

#include <cerrno>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "base/limits.hpp"
#include "base/unix_address.hpp"

namespace virtlight::daemon {
namespace {

/// One that is handed over may be anything; nobody waits in accept() for a client that has gone.
Result<> prepare(int socket) {
    constexpr int listens = 1;
    const int is_ours = ::sd_is_socket_unix(socket, SOCK_STREAM, listens, nullptr, 0);
    if (is_ours < 0)
        return fail_errno(-is_ours, "cannot look at the socket {} that systemd hands over", socket);
    if (is_ours == 0)
        return fail(Reason::invalid_argument,
                    "the socket {} that systemd hands over is none that listens for streams at a path "
                    "(ListenStream=/run/virtlightd.sock)",
                    socket);
    const int flags = ::fcntl(socket, F_GETFL);
    if (flags < 0 || ::fcntl(socket, F_SETFL, flags | O_NONBLOCK) != 0)
        return fail_errno(errno, "cannot prepare the socket {} that systemd hands over", socket);
    return {};
}

}  // namespace

Result<Fd> listen_at(const std::filesystem::path& path, unsigned mode) {
    const auto address = UnixAddress::of(path);
    if (!address) return std::unexpected(address.error());
    Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket) return fail_errno(errno, "cannot make a socket");
    if (::unlink(path.c_str()) != 0 && errno != ENOENT)
        return fail_errno(errno, "cannot remove '{}'", path.string());
    // bind() takes the mode from the socket, less the umask: at no moment is it open to more than it shall
    // be.
    if (::fchmod(socket.get(), mode) != 0 || address->bind(socket) != 0 || ::chmod(path.c_str(), mode) != 0 ||
        ::listen(socket.get(), limits::clients_waiting) != 0)
        return fail_errno(errno, "cannot listen at '{}'", path.string());
    return socket;
}

Result<std::vector<Fd>> sockets_from_systemd() {
    const int count = ::sd_listen_fds(1);
    if (count < 0) return fail_errno(-count, "cannot take the sockets that systemd hands over");
    std::vector<Fd> sockets;
    for (int i = 0; i < count; ++i)
        sockets.emplace_back(SD_LISTEN_FDS_START + i);
    for (const auto& socket : sockets)
        if (auto good = prepare(socket.get()); !good) return std::unexpected(std::move(good.error()));
    return sockets;
}

std::filesystem::path path_of(const Fd& socket) {
    sockaddr_un address{};
    socklen_t size = sizeof address - 1;  // a zero stays behind the longest one
    ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size);
    return address.sun_path;
}

bool lets_everybody_in(const Fd& socket) {
    const auto path = path_of(socket);
    if (path.empty()) return true;  // an abstract one has no permissions
    struct stat about = {};
    return ::stat(path.c_str(), &about) == 0 && (about.st_mode & S_IWOTH) != 0;
}

Result<Fd> lock_instance(const std::filesystem::path& path) {
    Fd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!file) return fail_errno(errno, "cannot open '{}'", path.string());
    // A lock of this process alone. One of flock() would be shared with every child that libxl forks and live
    // on in it.
    struct flock whole = {};
    whole.l_type = F_WRLCK;
    whole.l_whence = SEEK_SET;
    if (::fcntl(file.get(), F_SETLK, &whole) == 0) return file;
    if (errno != EACCES && errno != EAGAIN) return fail_errno(errno, "cannot lock '{}'", path.string());
    return fail(Reason::invalid_state, "a virtlightd is already running here: it holds '{}'", path.string());
}

}  // namespace virtlight::daemon
