// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/lifeline.hpp"

#include <cerrno>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "base/limits.hpp"
#include "base/result.hpp"
#include "base/unix_address.hpp"

namespace virtlight::xenlight {
namespace {

std::unexpected<Error> unreachable(std::string_view why) {
    return fail(Reason::operation_failed, "xenstored cannot be reached: {}", why);
}
std::unexpected<Error> unreachable(const std::filesystem::path& socket, int why) {
    return unreachable(fmt::format("{}: {}", socket.string(), errno_text(why)));
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
    const auto address = UnixAddress::of(socket);
    if (!address) return unreachable(address.error().message);
    Fd connection(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!connection) return unreachable(socket, errno);
    constexpr timeval patience{.tv_sec = limits::libxl_answer.count(), .tv_usec = 0};
    ::setsockopt(connection.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (address->connect(connection) == 0) return connection;
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
