// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/lifeline.hpp"

#include <cerrno>
#include <cstdlib>
#include <string>
#include <utility>

#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "base/limits.hpp"
#include "base/result.hpp"

namespace virtlight::xenlight {
namespace {

std::unexpected<Error> unreachable(const std::filesystem::path& socket, int why) {
    return fail(Reason::operation_failed, "xenstored cannot be reached: {}: {}", socket.string(),
                errno_text(why));
}

}  // namespace

std::filesystem::path xenstored_socket(const std::filesystem::path& root) {
    if (const char* const path = std::getenv("XENSTORED_PATH")) return path;
    if (const char* const folder = std::getenv("XENSTORED_RUNDIR"))
        return std::filesystem::path(folder) / "socket";
    return root / "run/xenstored/socket";
}

/// Waits while others connect: xenstored has room for few who do at a time.
Result<Fd> connect_lifeline(const std::filesystem::path& socket) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (socket.native().copy(address.sun_path, sizeof address.sun_path) == sizeof address.sun_path)
        return unreachable(socket, ENAMETOOLONG);
    Fd connection(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!connection) return unreachable(socket, errno);
    constexpr timeval patience{.tv_sec = limits::libxl_answer.count(), .tv_usec = 0};
    ::setsockopt(connection.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): how sockets are addressed
    if (::connect(connection.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0)
        return connection;
    const int why = errno;
    // The daemon names it where it was there at first.
    const bool never_had_one = why == ENOENT && !std::getenv("XENSTORED_PATH");
    if (never_had_one) return Fd();
    return unreachable(socket, why);
}

Lifeline::Lifeline(async::FdScheduler& loop, Fd connection, std::function<void()> gone)
    : loop_(loop), connection_(std::move(connection)), gone_(std::move(gone)) {
    // xenstored says nothing unasked: whatever is reported is the end.
    if (connection_)
        watch_ = loop_.watch(connection_.get(), POLLIN, [this](short) {
            cut();
            gone_();
        });
}

Lifeline::~Lifeline() {
    cut();
}

void Lifeline::cut() {
    if (watch_) loop_.unwatch(std::exchange(watch_, {}));
}

}  // namespace virtlight::xenlight
