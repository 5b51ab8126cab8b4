// SPDX-License-Identifier: LGPL-2.1-or-later
#include "daemon/signals.hpp"

#include <csignal>

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace virtlight::daemon {

Signals::Signals() {
    sigset_t ends;
    ::sigemptyset(&ends);
    ::sigaddset(&ends, SIGTERM);
    ::sigaddset(&ends, SIGINT);
    ::pthread_sigmask(SIG_BLOCK, &ends, nullptr);
    // A peer that has gone is an error of write(), not the end of the daemon.
    std::signal(SIGPIPE, SIG_IGN);
    signals_ = Fd(::signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK));
}

Signals::~Signals() {
    if (loop_) loop_->unwatch(watch_);
}

void Signals::on_end(async::FdScheduler& loop, std::function<void()> end) {
    loop_ = &loop;
    watch_ = loop.watch(signals_.get(), POLLIN, [this, end = std::move(end)](short) {
        signalfd_siginfo info{};
        if (::read(signals_.get(), &info, sizeof info) == sizeof info) end();
    });
}

}  // namespace virtlight::daemon
