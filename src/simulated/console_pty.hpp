// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "async/scheduler.hpp"
#include "base/file.hpp"
#include "base/result.hpp"

namespace virtlight::simulated {

/// A guest's console on a real pty, with a shell behind it that answers each line with a new prompt and
/// otherwise says what it is told. Like xenconsoled it keeps the guest's side open itself, so that a reader
/// who leaves hangs nothing up. Lives on the scheduler's thread.
class ConsolePty {
 public:
    /// io: no pty left, or no descriptor. `scheduler` must outlive the console.
    static Result<std::unique_ptr<ConsolePty>> open(async::FdScheduler& scheduler);
    ~ConsolePty();
    ConsolePty(const ConsolePty&) = delete;
    ConsolePty& operator=(const ConsolePty&) = delete;

    /// The path that a reader opens.
    const std::string& tty() const { return tty_; }

    /// Prints `text` as it stands. What nobody reads waits here, and input waits for it: the buffer is
    /// bounded by limits::simulated_console_bytes and what one read adds to it.
    void print(std::string_view text);
    /// Whether input is read and answered. While it is not, it waits in the pty. At first: not.
    void listen(bool on);
    /// Prints numbered lines at this rate; 0 ends it. Like a guest, it waits while nobody reads.
    void flood(double bytes_per_second);

 private:
    ConsolePty(async::FdScheduler& scheduler, Fd master, Fd slave, std::string tty);
    void ready(short revents);
    void read_some();
    void write_some();
    void rewatch();
    void flood_on();
    void pour();

    async::FdScheduler& scheduler_;
    Fd master_;
    Fd slave_;
    std::string tty_;
    std::string output_;
    bool listening_ = false;
    double flood_rate_ = 0;  ///< bytes per second
    double flood_due_ = 0;   ///< bytes that are to be printed
    std::uint64_t flood_line_ = 0;
    async::TimerId flood_timer_;
    async::WatchId watch_;
};

/// What the shell prints when it starts to listen, and after each line.
inline constexpr std::string_view prompt = "# ";

}  // namespace virtlight::simulated
