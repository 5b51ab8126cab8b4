// SPDX-License-Identifier: LGPL-2.1-or-later
#include "daemon/signals.hpp"

#include <cerrno>
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

Result<std::unique_ptr<EndSignals>> EndSignals::watch(async::FdScheduler& loop, std::function<void()> end) {
    std::unique_ptr<EndSignals> self(new EndSignals(loop, std::move(end)));
    const auto ends = end_signals();
    self->signals_ = Fd(::signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!self->signals_) return fail_errno(errno, "cannot take the signals that end the daemon");
    self->watch_ = loop.watch(self->signals_.get(), POLLIN, [self = self.get()](short) { self->take(); });
    if (!self->watch_) return fail_errno(errno, "cannot watch for the signals that end the daemon");
    return self;
}

EndSignals::~EndSignals() {
    if (watch_) loop_.unwatch(watch_);
}

void EndSignals::take() {
    signalfd_siginfo info{};
    if (::read(signals_.get(), &info, sizeof info) == sizeof info) end_();
}

}  // namespace virtlight::daemon
