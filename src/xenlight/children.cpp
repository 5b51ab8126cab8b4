// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/children.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <memory>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/limits.hpp"
#include "base/private_descriptors.hpp"
#include "xenlight/fork_safety.hpp"
#include "xenlight/pidfd.hpp"

namespace virtlight::xenlight {
namespace {

/// The daemon blocks signals that it reads by signalfd and ignores others; libxl undoes none of that, and a
/// device model that cannot be asked to end outlives its guest.
void take_ordinary_signals() {
    struct sigaction standard{};
    standard.sa_handler = SIG_DFL;
    for (int signal = 1; signal < NSIG; ++signal)
        ::sigaction(signal, &standard, nullptr);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

/// The daemon has raised its own.
void take_usual_limit() {
    rlimit descriptors{};
    if (::getrlimit(RLIMIT_NOFILE, &descriptors) != 0) return;
    descriptors.rlim_cur = std::min<rlim_t>(limits::usual_descriptors, descriptors.rlim_max);
    ::setrlimit(RLIMIT_NOFILE, &descriptors);
}

/// The daemon may be one of the last that the kernel ends when memory runs out; a device model is not.
void take_usual_place_out_of_memory() {
    const Fd place(::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC));
    if (place) [[maybe_unused]]
        const auto written = ::write(place.get(), "0", 1);
}

/// Gives a new child what a program expects to start with. A session of its own keeps a Ctrl-C meant for the
/// daemon from the guests.
void become_ordinary() {
    take_ordinary_signals();
    take_usual_limit();
    take_usual_place_out_of_memory();
    private_descriptors::close_all();
    ::setsid();
}

/// Nobody else waits for it.
void reap_at_end(async::FdScheduler& loop, Fd pidfd) {
    struct Orphan {
        Fd pidfd;
        async::WatchId watch{};
    };
    const auto orphan = std::make_shared<Orphan>(std::move(pidfd));
    orphan->watch = loop.watch(orphan->pidfd.get(), POLLIN, [&loop, orphan](short) {
        siginfo_t end{};
        ::waitid(P_PIDFD, static_cast<id_t>(orphan->pidfd.get()), &end, WEXITED | WNOHANG);
        loop.unwatch(orphan->watch);
    });
}

}  // namespace

const libxl_childproc_hooks Children::hooks = {
    .chldowner = libxl_sigchld_owner_mainloop,
    .fork_replacement = [](void* self) noexcept { return static_cast<Children*>(self)->fork(); },
    .reaped_callback = nullptr,
};

Children::Children(async::FdScheduler& loop, Handle& handle)
    : loop_(loop), handle_(handle), daemon_(::getpid()) {
    handle_.enter([this](libxl_ctx* ctx) { libxl_childproc_setmode(ctx, &hooks, this); });
}

Children::~Children() {
    for (auto& [id, child] : children_) {
        loop_.unwatch(child.watch);
        reap_at_end(loop_, std::move(child.pidfd));
    }
}

pid_t Children::fork() noexcept {
    const bool in_daemon = ::getpid() == daemon_;
    const pid_t pid = [] {
        const auto held = fork_safety::hold_handles();
        return ::fork();
    }();
    if (pid < 0 || !in_daemon) return pid;
    if (pid == 0) {
        become_ordinary();
        return 0;
    }
    if (watch(pid)) return pid;
    // Nobody would ever hear of its end: it is better not to have it.
    const int why = errno;
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    errno = why;
    return -1;
}

bool Children::watch(pid_t pid) {
    Child child{.pidfd = open_pidfd(pid), .watch = {}};
    if (!child.pidfd) return false;
    const auto id = ids_.next();
    child.watch = loop_.watch(child.pidfd.get(), POLLIN, [this, id](short) { ended(id); });
    if (!child.watch) return false;
    children_.emplace(id, std::move(child));
    return true;
}

void Children::ended(ChildId id) {
    {
        auto child = children_.extract(id);
        loop_.unwatch(child.mapped().watch);
    }
    handle_.enter([](libxl_ctx* ctx) { libxl_childproc_sigchld_occurred(ctx); });
}

}  // namespace virtlight::xenlight
