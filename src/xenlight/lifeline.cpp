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
#include "base/log.hpp"
#include "base/result.hpp"

namespace virtlight::xenlight {
namespace {

/// Waits while others connect: xenstored has room for few who do at a time.
Fd connect_to(const std::filesystem::path& socket) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (socket.native().copy(address.sun_path, sizeof address.sun_path) == sizeof address.sun_path) return {};
    Fd connection(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!connection) return {};
    constexpr timeval patience{.tv_sec = limits::libxl_answer.count(), .tv_usec = 0};
    ::setsockopt(connection.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): how sockets are addressed
    if (::connect(connection.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0)
        return connection;
    if (errno != ENOENT)
        log::warning("the end of xenstored will not be seen: {}: {}", socket.string(), errno_text(errno));
    return {};
}

}  // namespace

std::filesystem::path xenstored_socket(const std::filesystem::path& root) {
    if (const char* const path = std::getenv("XENSTORED_PATH")) return path;
    if (const char* const folder = std::getenv("XENSTORED_RUNDIR"))
        return std::filesystem::path(folder) / "socket";
    return root / "run/xenstored/socket";
}

Lifeline::Lifeline(async::FdScheduler& loop, const std::filesystem::path& socket, std::function<void()> gone)
    : loop_(loop), connection_(connect_to(socket)), gone_(std::move(gone)) {
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
