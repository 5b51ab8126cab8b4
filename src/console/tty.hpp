// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "async/scheduler.hpp"
#include "base/file.hpp"
#include "base/result.hpp"

namespace virtlight::console {

/// Whom a tty serves. Called on the loop's thread; may open and close the tty, but must not destroy it.
class TtyPeer {
 public:
    virtual ~TtyPeer() = default;
    /// The guest wrote this.
    virtual void output(std::string_view bytes) = 0;
    /// What is to be written to the guest next.
    virtual std::string_view input() = 0;
    virtual void input_written(std::size_t bytes) = 0;
    /// The other end hung up; the tty is closed. It may appear again, often under another path.
    virtual void gone(const Error& why) = 0;
};

/// The edge between a guest's pty and a loop: moves bytes and nothing else. However much a guest writes, and
/// however little it reads, one step of the loop moves at most limits::console_step_bytes each way (finish()
/// apart).
class Tty {
 public:
    Tty(async::FdScheduler& loop, TtyPeer& peer) : loop_(loop), peer_(peer) {}
    Tty(const Tty&) = delete;
    Tty& operator=(const Tty&) = delete;
    ~Tty() { close(); }

    /// Opens the tty, makes it raw and serves it from now on instead of the one before. On failure (the path
    /// is not there yet, or is no tty) the one before is still served. Does not wait.
    Result<> open(const std::string& path);
    /// The same with a descriptor that is open for reading and writing; `name` is how errors speak of it.
    Result<> adopt(Fd fd, std::string name);
    /// Stops at once; gone() is not called.
    void close();
    /// Reads what is there already, and comes while it does, up to limits::console_rest_bytes; then stops:
    /// for a guest that has ended.
    void finish();
    bool is_open() const { return static_cast<bool>(fd_); }

    /// The peer has input: writes what the tty takes now, and the rest when it can.
    void input_ready();

 private:
    void on_ready(short revents);
    bool read_output(std::size_t most);
    void write_input();
    void lost(std::string_view why);
    void wait_to_write(bool wait);

    async::FdScheduler& loop_;
    TtyPeer& peer_;
    Fd fd_;
    std::string name_;
    async::WatchId watch_;
    bool waits_to_write_ = false;
};

}  // namespace virtlight::console
