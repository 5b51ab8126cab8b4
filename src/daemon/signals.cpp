// SPDX-License-Identifier: LGPL-2.1-or-later
#include "daemon/signals.hpp"

#include <csignal>
#include <utility>

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace virtlight::daemon {
namespace {

sigset_t end_signals() {
    sigset_t ends;
    ::sigemptyset(&ends);
    ::sigaddset(&ends, SIGTERM);
    ::sigaddset(&ends, SIGINT);
    // Under nohup a terminal that goes ends nothing. A signal that is blocked would come although it is
    // ignored.
    struct sigaction hang_up = {};
    ::sigaction(SIGHUP, nullptr, &hang_up);
    if (hang_up.sa_handler != SIG_IGN) ::sigaddset(&ends, SIGHUP);
    return ends;
}

}  // namespace

void prepare_signals() {
    const auto ends = end_signals();
    ::pthread_sigmask(SIG_BLOCK, &ends, nullptr);
    // A peer that has gone is an error of write(), not the end of the daemon.
    std::signal(SIGPIPE, SIG_IGN);
}

EndSignals::EndSignals(async::FdScheduler& loop, std::function<void()> end) : loop_(loop) {
    const auto ends = end_signals();
    signals_ = Fd(::signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK));
    watch_ = loop.watch(signals_.get(), POLLIN, [this, end = std::move(end)](short) {
        signalfd_siginfo info{};
        if (::read(signals_.get(), &info, sizeof info) == sizeof info) end();
    });
}

}  // namespace virtlight::daemon
