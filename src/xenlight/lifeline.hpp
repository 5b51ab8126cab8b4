// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <functional>

#include "async/scheduler.hpp"
#include "base/file.hpp"
#include "base/result.hpp"

namespace virtlight::xenlight {

/// Where xenstored listens, as libxenstore finds it; below `root`, for tests.
std::filesystem::path xenstored_socket(const std::filesystem::path& root = "/");

/// A connection for a Lifeline, made before libxl makes its own: so that libxl cannot be left with an earlier
/// xenstored. Empty: there is no socket, as xenstored is in a domain of its own. Blocks, for
/// limits::libxl_answer at most. operation_failed: xenstored is not there, though it has a socket.
Result<Fd> connect_lifeline(const std::filesystem::path& socket);

/// A connection to xenstored on which nothing is ever said: its end is the end of xenstored. libxenstore
/// keeps that to itself (the descriptor it gives to wait for is a pipe of its own), and what only waits for a
/// watch would wait for ever.
class Lifeline {
 public:
    /// Calls `gone` once, from a step of the loop, when the other end closes. Without a connection nothing is
    /// watched. `loop` must outlive this.
    Lifeline(async::FdScheduler& loop, Fd connection, std::function<void()> gone);
    Lifeline(const Lifeline&) = delete;
    Lifeline& operator=(const Lifeline&) = delete;
    ~Lifeline();

 private:
    void cut();

    async::FdScheduler& loop_;
    Fd connection_;
    async::WatchId watch_;
    std::function<void()> gone_;
};

}  // namespace virtlight::xenlight
