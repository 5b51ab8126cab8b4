// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libxl/child_calls.hpp"

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "libxl/clock.hpp"

namespace virtlight::fake {
namespace {

std::atomic<pid_t> parent = 0;
std::atomic<pid_t> caller = 0;

/// An abstract name (its first byte is 0) that the child knows as well as the parent.
sockaddr_un address_of(pid_t pid) {
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    std::snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "virtlight-tests-xen-%d", pid);
    return address;
}

struct Question {
    ChildCalls::Call call;
    unsigned domid;
};

Fd make_socket() {
    return Fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
}

// In a copy of a process with threads: nothing but system calls.
int ask(pid_t asked, const Question& question) {
    const auto socket = make_socket();
    const auto address = address_of(asked);
    int error = EIO;
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::send(socket.get(), &question, sizeof question, MSG_NOSIGNAL) < 0 ||
        ::recv(socket.get(), &error, sizeof error, 0) < 0)
        return errno;
    return error;
}

/// A child of the last hypervisor's may hold its socket for a moment.
bool take_address(const Fd& socket, const sockaddr_un& address) {
    const auto end = real_now() + seconds(10);
    while (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        if (errno != EADDRINUSE || real_now() > end) return false;
        std::this_thread::sleep_for(milliseconds(5));
    }
    return true;
}

}  // namespace

ChildCalls::ChildCalls(Answer answer) : answer_(std::move(answer)), listener_(make_socket()) {
    parent = ::getpid();
    caller = 0;
    if (!take_address(listener_, address_of(parent)) || ::listen(listener_.get(), SOMAXCONN) != 0) {
        std::perror("socket of the fake hypervisor");
        std::abort();
    }
    thread_ = std::jthread([this] { serve(); });
}

ChildCalls::~ChildCalls() {
    // Wakes accept().
    ::shutdown(listener_.get(), SHUT_RDWR);
    thread_.join();
    std::unique_lock lock(mutex_);
    answered_.wait(lock, [this] { return callers_ == 0; });
}

void ChildCalls::serve() {
    for (;;) {
        Fd child(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        if (!child) return;
        {
            const std::scoped_lock lock(mutex_);
            ++callers_;
        }
        std::thread([this, socket = std::move(child)] {
            answer(socket);
            const std::scoped_lock lock(mutex_);
            --callers_;
            answered_.notify_all();
        }).detach();
    }
}

void ChildCalls::answer(const Fd& child) const {
    Question question{};
    if (::recv(child.get(), &question, sizeof question, 0) != sizeof question) return;
    ucred who{};
    socklen_t size = sizeof who;
    if (::getsockopt(child.get(), SOL_SOCKET, SO_PEERCRED, &who, &size) == 0) caller = who.pid;
    const int error = answer_(question.call, question.domid);
    ::send(child.get(), &error, sizeof error, MSG_NOSIGNAL);
}

pid_t ChildCalls::last_caller() {
    return caller;
}

bool ChildCalls::in_child() {
    return ::getpid() != parent;
}

int ChildCalls::destroy(unsigned domid) {
    return ask(parent, {Call::destroy, domid});
}

int ChildCalls::check_suspended(pid_t parent_of_caller, unsigned domid) {
    return ask(parent_of_caller, {Call::check_suspended, domid});
}

}  // namespace virtlight::fake
