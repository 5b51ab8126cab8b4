// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/fork_safety.hpp"

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdarg>
#include <cstring>
#include <future>
#include <memory>
#include <thread>

#include <dlfcn.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.hpp"
#include "xenlight/pidfd.hpp"

extern "C" {
#include <xencall.h>
#include <xentoollog.h>

/// A sanitizer's, where it is built in.
[[gnu::weak]] int ___interceptor_open(const char* path, int flags, ...);

/// Everybody's: a machine without Xen has no device for hypercalls, and none is made here.
int open(const char* path, int flags, ...) {
    va_list more;
    va_start(more, flags);
    const auto mode = va_arg(more, mode_t);
    va_end(more);
    if (std::strcmp(path, "/dev/xen/privcmd") == 0) path = "/dev/null";
    return ___interceptor_open ? ___interceptor_open(path, flags, mode)
                               : static_cast<int>(::syscall(SYS_openat, AT_FDCWD, path, flags, mode));
}
}

namespace virtlight::xenlight {
namespace {

using std::chrono::seconds;

using Open = decltype(xencall_open);

/// As the library has it, without what stands before it.
Open* library_open() {
    return reinterpret_cast<Open*>(::dlsym(RTLD_NEXT, "xencall_open"));
}

struct CloseCall {
    void operator()(xencall_handle* handle) const { xencall_close(handle); }
};
using Call = std::unique_ptr<xencall_handle, CloseCall>;

/// A thread that is where the library has its buffers to itself: it tells its log how many there were.
class BusyThread {
 public:
    explicit BusyThread(Open* open) {
        thread_ = std::thread([this, open] { Call(open(&log_, 0)).reset(); });
        log_.arrived.get_future().wait();
    }
    ~BusyThread() {
        log_.leave.set_value();
        thread_.join();
    }

 private:
    struct Log : xentoollog_logger {
        Log() : xentoollog_logger{.vmessage = message, .progress = nullptr, .destroy = nullptr} {}
        static void message(xentoollog_logger* self, xentoollog_level, int, const char* context, const char*,
                            va_list) {
            auto& log = *static_cast<Log*>(self);
            if (std::strcmp(context, "xencall:buffer") != 0 || log.told.exchange(true)) return;
            log.arrived.set_value();
            log.leave.get_future().wait();
        }
        std::atomic<bool> told = false;
        std::promise<void> arrived;
        std::promise<void> leave;
    };

    Log log_;
    std::thread thread_;
};

/// What libxl does in a child that removes a domain, as far as the libraries are concerned.
[[noreturn]] void use_hypercalls(Open* open) {
    auto* const handle = open(nullptr, 0);
    ::_exit(handle && xencall_alloc_buffer_pages(handle, 1) ? 0 : 1);
}

/// Whether a child could use hypercalls that was forked just now.
bool child_uses_hypercalls(Open* open, seconds patience) {
    const pid_t pid = [] {
        const auto held = fork_safety::hold_handles();
        return ::fork();
    }();
    if (pid == 0) use_hypercalls(open);
    const Fd ended = open_pidfd(pid);
    pollfd end{.fd = ended.get(), .events = POLLIN, .revents = 0};
    const auto wait = std::chrono::milliseconds(patience);
    const bool in_time = ::poll(&end, 1, static_cast<int>(wait.count())) == 1;
    if (!in_time) ::kill(pid, SIGKILL);
    int status = 0;
    ::waitpid(pid, &status, 0);
    return in_time && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST(ForkSafety, ChildrenMakeHypercallsThoughAnotherThreadWasAtItsBuffersAtTheFork) {
    ASSERT_TRUE(fork_safety::is_in_force());
    const BusyThread busy(xencall_open);
    EXPECT_TRUE(child_uses_hypercalls(xencall_open, seconds(60)));
}

/// The control: a minimal program for what is wrong in the libraries.
TEST(ForkSafety, WithTheLibrariesAloneSuchAChildHangs) {
    const BusyThread busy(library_open());
    EXPECT_FALSE(child_uses_hypercalls(library_open(), seconds(1)));
}

TEST(ForkSafety, NoHandleIsOpenedDuringAFork) {
    auto fork = fork_safety::hold_handles();
    auto opened = std::async(std::launch::async, [] { return Call(xencall_open(nullptr, 0)) != nullptr; });
    ::poll(nullptr, 0, 100);  // other tests set the clock
    EXPECT_EQ(opened.wait_for(seconds(0)), std::future_status::timeout);
    fork.unlock();
    EXPECT_TRUE(opened.get());
}

}  // namespace
}  // namespace virtlight::xenlight
