// SPDX-License-Identifier: LGPL-2.1-or-later
#include "simulated/console_pty.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include "base/limits.hpp"

namespace virtlight::simulated {
namespace {

/// Input of one step: at most four times as much comes out (a line break and a prompt for each byte).
constexpr std::size_t read_bytes = 1024;

bool make_raw(int fd) {
    termios settings{};
    if (::tcgetattr(fd, &settings) != 0) return false;
    ::cfmakeraw(&settings);
    return ::tcsetattr(fd, TCSANOW, &settings) == 0;
}

void echo(std::string& output, std::string_view input) {
    for (const char byte : input) {
        if (byte == '\r' || byte == '\n')
            output.append("\r\n").append(prompt);
        else
            output += byte;
    }
}

}  // namespace

Result<std::unique_ptr<ConsolePty>> ConsolePty::open(async::FdScheduler& scheduler) {
    Fd master(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK));
    std::array<char, 64> name{};
    if (!master || ::grantpt(master.get()) != 0 || ::unlockpt(master.get()) != 0 ||
        ::ptsname_r(master.get(), name.data(), name.size()) != 0)
        return fail_errno(errno, "cannot make a pty");
    Fd slave(::open(name.data(), O_RDWR | O_NOCTTY | O_CLOEXEC));
    if (!slave || !make_raw(slave.get())) return fail_errno(errno, "cannot open '{}'", name.data());
    std::unique_ptr<ConsolePty> console(
        new ConsolePty(scheduler, std::move(master), std::move(slave), name.data()));
    if (!console->watch_) return fail_errno(errno, "cannot watch '{}'", name.data());
    return console;
}

ConsolePty::ConsolePty(async::FdScheduler& scheduler, Fd master, Fd slave, std::string tty)
    : scheduler_(scheduler), master_(std::move(master)), slave_(std::move(slave)), tty_(std::move(tty)) {
    watch_ = scheduler_.watch(master_.get(), 0, [this](short revents) { ready(revents); });
}

ConsolePty::~ConsolePty() {
    scheduler_.unwatch(watch_);
    scheduler_.cancel(flood_timer_);
}

void ConsolePty::print(std::string_view text) {
    output_ += text;
    write_some();
    rewatch();
}

void ConsolePty::listen(bool on) {
    listening_ = on;
    rewatch();
}

void ConsolePty::flood(double bytes_per_second) {
    if (flood_rate_ == bytes_per_second) return;
    flood_rate_ = bytes_per_second;
    flood_due_ = 0;
    scheduler_.cancel(flood_timer_);
    flood_on();
}

void ConsolePty::flood_on() {
    if (flood_rate_ == 0) return;
    flood_due_ += flood_rate_ * std::chrono::duration<double>(limits::simulated_flood_tick).count();
    flood_due_ = std::min(flood_due_, flood_rate_);  // what is held up for longer is not made good
    pour();
    flood_timer_ =
        scheduler_.call_at(scheduler_.now() + limits::simulated_flood_tick, [this] { flood_on(); });
}

/// Prints what is due of the flood, as far as there is room.
void ConsolePty::pour() {
    std::string text;
    while (flood_due_ > 0 && output_.size() + text.size() < limits::simulated_console_bytes) {
        const auto line = fmt::format("flood {:012}\r\n", ++flood_line_);
        flood_due_ -= static_cast<double>(line.size());
        text += line;
    }
    if (!text.empty()) print(text);
}

void ConsolePty::ready(short revents) {
    if ((revents & POLLIN) != 0) read_some();
    write_some();
    if (output_.empty()) pour();
    rewatch();
}

void ConsolePty::read_some() {
    std::array<char, read_bytes> buffer;
    const auto n = ::read(master_.get(), buffer.data(), buffer.size());
    if (n > 0) echo(output_, {buffer.data(), static_cast<std::size_t>(n)});
}

void ConsolePty::write_some() {
    if (output_.empty()) return;
    const auto n = ::write(master_.get(), output_.data(), output_.size());
    if (n > 0) output_.erase(0, static_cast<std::size_t>(n));
}

void ConsolePty::rewatch() {
    const bool reads = listening_ && output_.size() < limits::simulated_console_bytes;
    scheduler_.rewatch(watch_, static_cast<short>((reads ? POLLIN : 0) | (output_.empty() ? 0 : POLLOUT)));
}

}  // namespace virtlight::simulated
