// SPDX-License-Identifier: LGPL-2.1-or-later
#include "console/tty.hpp"

#include <algorithm>
#include <array>
#include <cerrno>

#include <fcntl.h>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include "base/limits.hpp"

namespace virtlight::console {
namespace {

/// A pty gives no more in one piece.
constexpr std::size_t read_size = 4096;

Result<> make_raw(int fd, const std::string& name) {
    termios settings = {};
    if (::tcgetattr(fd, &settings) != 0) return fail_errno(errno, "cannot use '{}' as a console", name);
    ::cfmakeraw(&settings);
    if (::tcsetattr(fd, TCSANOW, &settings) != 0)
        return fail_errno(errno, "cannot make console '{}' raw", name);
    return {};
}

Result<> make_nonblocking(int fd, const std::string& name) {
    const int flags = ::fcntl(fd, F_GETFL);
    if (flags < 0 || ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0)
        return fail_errno(errno, "cannot use '{}' as a console", name);
    return {};
}

}  // namespace

Result<> Tty::open(const std::string& path) {
    Fd fd(::open(path.c_str(), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
    if (!fd) return fail_errno(errno, "cannot open console '{}'", path);
    return adopt(std::move(fd), path);
}

Result<> Tty::adopt(Fd fd, std::string name) {
    if (auto raw = make_raw(fd.get(), name); !raw) return raw;
    if (auto nonblocking = make_nonblocking(fd.get(), name); !nonblocking) return nonblocking;
    const auto watch = loop_.watch(fd.get(), POLLIN, [this](short revents) { on_ready(revents); });
    if (!watch) return fail_errno(errno, "cannot watch console '{}'", name);
    close();
    fd_ = std::move(fd);
    fd_.keep_from_children();
    name_ = std::move(name);
    watch_ = watch;
    input_ready();
    return {};
}

void Tty::close() {
    if (!fd_) return;
    loop_.unwatch(watch_);
    watch_ = {};
    waits_to_write_ = false;
    fd_.reset();
}

void Tty::finish() {
    if (fd_) read_output(limits::console_rest_bytes);
    close();
}

void Tty::input_ready() {
    if (fd_ && !waits_to_write_) write_input();
}

void Tty::on_ready(short revents) {
    if ((revents & ~POLLOUT) && !read_output(limits::console_step_bytes)) return;
    if (revents & POLLOUT) write_input();
}

/// Up to `most` bytes. False: this descriptor is not served any more.
bool Tty::read_output(std::size_t most) {
    const auto watch = watch_;
    std::array<char, read_size> buffer;
    for (std::size_t left = most; left > 0;) {
        const auto n = ::read(fd_.get(), buffer.data(), std::min(buffer.size(), left));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) break;
        if (n <= 0) {
            lost(n < 0 ? errno_text(errno) : "the other end hung up");
            return false;
        }
        const auto size = static_cast<std::size_t>(n);
        left -= size;
        peer_.output({buffer.data(), size});
        if (watch_ != watch) return false;
    }
    return true;
}

void Tty::write_input() {
    const auto watch = watch_;
    auto input = peer_.input();
    for (std::size_t left = limits::console_step_bytes; left > 0 && !input.empty();) {
        const auto n = ::write(fd_.get(), input.data(), std::min(input.size(), left));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno != EAGAIN) return lost(errno_text(errno));
        if (n <= 0) break;
        left -= static_cast<std::size_t>(n);
        peer_.input_written(static_cast<std::size_t>(n));
        if (watch_ != watch) return;
        input = peer_.input();
    }
    wait_to_write(!input.empty());
}

void Tty::lost(std::string_view why) {
    const Error error{Reason::io, fmt::format("console '{}' is gone: {}", name_, why)};
    close();
    peer_.gone(error);
}

void Tty::wait_to_write(bool wait) {
    if (wait == waits_to_write_) return;
    waits_to_write_ = wait;
    loop_.rewatch(watch_, wait ? POLLIN | POLLOUT : POLLIN);
}

}  // namespace virtlight::console
