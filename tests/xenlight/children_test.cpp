// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/children.hpp"

#include <csignal>
#include <fstream>
#include <string>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/limits.hpp"
#include "xenlight/fake_xen.hpp"
#include "xenlight/operation_log.hpp"
#include "xenlight/poll_loop.hpp"

namespace virtlight::xenlight {
namespace {

/// libxl does not know the children of these tests, which reap them themselves.
class ChildrenTest : public testing::Test {
 protected:
    void SetUp() override {
        fake_xen::Xen::get().reset();
        ASSERT_TRUE(handle.open(log.sink()));
        children.emplace(loop, handle);
    }
    void TearDown() override { handle.close(); }

    static int status_of(pid_t pid) {
        int status = -1;
        ::waitpid(pid, &status, 0);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    }

    /// One that ends with 7 when it is let go.
    pid_t child_at_gate() {
        gate = make_pipe().value();
        const pid_t pid = children->fork();
        if (pid != 0) return pid;
        char byte = 0;
        [[maybe_unused]] const auto n = ::read(gate.first.get(), &byte, 1);
        ::_exit(7);
    }
    void let_it_go() const { ASSERT_EQ(::write(gate.second.get(), "x", 1), 1); }

    std::pair<Fd, Fd> gate;
    test::PollLoop loop;
    OperationLog log;
    Handle handle;
    std::optional<Children> children;
};

TEST_F(ChildrenTest, AreWatchedUntilTheyEnd) {
    const pid_t pid = child_at_gate();
    EXPECT_EQ(children->size(), 1);
    loop.serve_descriptors();
    EXPECT_EQ(children->size(), 1);
    let_it_go();
    EXPECT_TRUE(loop.wait_for([&] { return children->size() == 0; }));
    EXPECT_EQ(loop.watches(), 0);
    EXPECT_EQ(status_of(pid), 7);
}

TEST_F(ChildrenTest, ThatOutliveABrokenLibxlLeaveNoZombies) {
    const pid_t pid = child_at_gate();
    children.reset();
    EXPECT_EQ(loop.watches(), 1);
    let_it_go();
    EXPECT_TRUE(loop.wait_for([&] { return loop.watches() == 0; }));
    EXPECT_EQ(::waitpid(pid, nullptr, 0), -1) << "it was a zombie";
    EXPECT_EQ(errno, ECHILD);
}

TEST_F(ChildrenTest, StartWithOrdinarySignals) {
    sigset_t blocked;
    sigset_t before;
    ::sigfillset(&blocked);
    ::pthread_sigmask(SIG_BLOCK, &blocked, &before);
    const auto pipe_before = std::signal(SIGPIPE, SIG_IGN);
    const pid_t pid = children->fork();
    if (pid == 0) {
        sigset_t mask;
        ::sigprocmask(SIG_BLOCK, nullptr, &mask);
        struct sigaction pipe{};
        ::sigaction(SIGPIPE, nullptr, &pipe);
        const bool ordinary = ::sigisemptyset(&mask) && pipe.sa_handler == SIG_DFL;
        ::_exit(ordinary && ::getsid(0) == ::getpid() ? 0 : 1);
    }
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    std::signal(SIGPIPE, pipe_before);
    EXPECT_EQ(status_of(pid), 0);
}

TEST_F(ChildrenTest, MayHaveTheUsualNumberOfDescriptors) {
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    if (before.rlim_max <= limits::usual_descriptors) GTEST_SKIP() << "there cannot be more of them here";
    const rlimit raised{.rlim_cur = before.rlim_max, .rlim_max = before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &raised), 0);
    const pid_t pid = children->fork();
    if (pid == 0) {
        rlimit mine{};
        ::getrlimit(RLIMIT_NOFILE, &mine);
        ::_exit(mine.rlim_cur == limits::usual_descriptors && mine.rlim_max == before.rlim_max ? 0 : 1);
    }
    ::setrlimit(RLIMIT_NOFILE, &before);
    EXPECT_EQ(status_of(pid), 0);
}

/// Of the process that asks.
std::string place_out_of_memory() {
    std::string place;
    std::ifstream("/proc/self/oom_score_adj") >> place;
    return place;
}

TEST_F(ChildrenTest, AreAsLikelyAsOthersToBeEndedWhenMemoryRunsOut) {
    const auto before = place_out_of_memory();
    std::ofstream("/proc/self/oom_score_adj") << "100";
    ASSERT_EQ(place_out_of_memory(), "100");
    const pid_t pid = children->fork();
    if (pid == 0) ::_exit(place_out_of_memory() == "0" ? 0 : 1);
    std::ofstream("/proc/self/oom_score_adj") << before;
    EXPECT_EQ(status_of(pid), 0);
}

TEST_F(ChildrenTest, HoldNothingThatIsTheDaemonsAlone) {
    auto connection = make_pipe(O_NONBLOCK);
    auto other = make_pipe(O_NONBLOCK);
    auto forked = make_pipe();
    ASSERT_TRUE(connection && other && forked);
    connection->second.keep_from_children();
    const pid_t pid = children->fork();
    if (pid == 0) {
        [[maybe_unused]] const auto n = ::write(forked->second.get(), "x", 1);
        ::pause();
        ::_exit(0);
    }
    char byte = 0;
    ASSERT_EQ(::read(forked->first.get(), &byte, 1), 1);
    connection->second.reset();
    other->second.reset();
    EXPECT_EQ(::read(connection->first.get(), &byte, 1), 0) << "the child keeps it open";
    EXPECT_EQ(::read(other->first.get(), &byte, 1), -1) << "what libxl opened is its children's, too";
    ::kill(pid, SIGKILL);
    EXPECT_EQ(status_of(pid), -SIGKILL);
}

TEST_F(ChildrenTest, KeepADescriptorWhoseNumberWasTheDaemonsBefore) {
    auto first = make_pipe();
    ASSERT_TRUE(first);
    first->second.keep_from_children();
    const int number = first->second.get();
    first->second.reset();
    auto second = make_pipe();
    ASSERT_TRUE(second);
    ASSERT_TRUE(second->first.get() == number || second->second.get() == number);
    const pid_t pid = children->fork();
    if (pid == 0) ::_exit(::fcntl(number, F_GETFD) >= 0 ? 0 : 1);
    EXPECT_EQ(status_of(pid), 0);
}

TEST_F(ChildrenTest, OfAChildAreItsOwnAffair) {
    const pid_t pid = children->fork();
    if (pid == 0) {
        const pid_t grandchild = children->fork();
        if (grandchild == 0) ::_exit(3);
        ::_exit(status_of(grandchild) == 3 && children->size() == 0 ? 0 : 1);
    }
    EXPECT_EQ(children->size(), 1);
    EXPECT_EQ(status_of(pid), 0);
}

TEST_F(ChildrenTest, ThatCannotBeWatchedDoNotStay) {
    loop.refuse_watches = true;
    const pid_t pid = children->fork();
    if (pid == 0) {
        ::pause();
        ::_exit(0);
    }
    EXPECT_EQ(pid, -1);
    EXPECT_EQ(::waitpid(-1, nullptr, 0), -1) << "a child is left";
}

}  // namespace
}  // namespace virtlight::xenlight
