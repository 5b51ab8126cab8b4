// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "async/scheduler.hpp"
#include "base/file.hpp"
#include "base/result.hpp"
#include "libvirt/closing_threads.hpp"

namespace virtlight::libvirt {

/// The UNIX sockets to which clients connect. Lives on the core thread and never blocks.
class Listeners {
 public:
    using Connected = std::function<void(Fd socket, bool read_only)>;

    /// `connected` is given each client. While too many descriptors of former ones wait for `closing`, none
    /// is taken. The references must outlive this.
    Listeners(async::FdScheduler& scheduler, const ClosingThreads& closing, Connected connected);
    Listeners(const Listeners&) = delete;
    Listeners& operator=(const Listeners&) = delete;
    ~Listeners();

    /// Takes clients from a listening socket, whose clients may only look if it is read-only.
    Result<> add(Fd socket, bool read_only);

    /// Takes no more clients.
    void stop();

 private:
    struct Listener {
        Fd socket;
        bool read_only;
        async::WatchId watch;
    };

    void accept_from(Listener& listener);
    void rest();

    async::FdScheduler& scheduler_;
    const ClosingThreads& closing_;
    Connected connected_;
    std::vector<std::unique_ptr<Listener>> listeners_;
    async::TimerId resting_;
};

}  // namespace virtlight::libvirt
