// SPDX-License-Identifier: LGPL-2.1-or-later
#include "async/event_loop.hpp"

#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/temporary_folder.hpp"

namespace virtlight::async {
namespace {

/// A loop on the test's own thread. Every test ends it by stop() from a step; a loop that never gets there is
/// ended by the guard, and the test fails.
class EventLoopTest : public testing::Test {
 protected:
    void run() {
        loop.call_at(loop.now() + seconds(20), [this] {
            ADD_FAILURE() << "the loop never got to its end";
            loop.stop();
        });
        loop.run();
    }

    void SetUp() override {
        auto ends = make_pipe(O_NONBLOCK);
        ASSERT_TRUE(ends);
        reading = std::move(ends->first);
        writing = std::move(ends->second);
    }

    void write_byte() const { ASSERT_EQ(::write(writing.get(), "x", 1), 1); }

    EventLoop loop{"test"};
    Fd reading;
    Fd writing;
    WatchId watch_of_file;
};

TEST_F(EventLoopTest, ReportsADescriptorAsLongAsItIsReady) {
    int reports = 0;
    write_byte();
    loop.watch(reading.get(), POLLIN, [&](short revents) {
        EXPECT_EQ(revents, POLLIN);
        if (++reports == 3) loop.stop();  // nothing was read: level-triggered
    });
    run();
    EXPECT_EQ(reports, 3);
}

TEST_F(EventLoopTest, ServesSeveralWatchesOfOneDescriptorByWhatEachWants) {
    int sockets[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
    const Fd ours(sockets[0]);
    const Fd theirs(sockets[1]);
    int ins = 0;
    int outs = 0;
    loop.watch(ours.get(), POLLIN, [&](short) { ++ins; });
    loop.watch(ours.get(), POLLOUT, [&](short) {
        if (++outs == 2) loop.stop();
    });
    run();
    EXPECT_EQ(ins, 0);
    EXPECT_EQ(outs, 2);
}

TEST_F(EventLoopTest, DoesNotSpinOnAHangUpThatNobodyAskedFor) {
    loop.watch(reading.get(), 0, [](short) { FAIL() << "reported to a watch that wants nothing"; });
    writing.reset();  // hang-up
    loop.call_at(loop.now() + milliseconds(20), [&] { loop.stop(); });
    run();
}

TEST_F(EventLoopTest, ReportsAHangUpToAWatchThatWantsEvents) {
    loop.watch(reading.get(), POLLIN, [&](short revents) {
        EXPECT_TRUE(revents & POLLHUP);
        loop.stop();
    });
    writing.reset();
    run();
}

TEST_F(EventLoopTest, CallsARegularFileAlwaysReady) {
    const test::TemporaryFolder folder;
    const Fd file(::open((folder.path() / "f").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    int reports = 0;
    const auto watch = loop.watch(file.get(), POLLIN | POLLOUT, [&](short revents) {
        EXPECT_EQ(revents, POLLIN | POLLOUT);
        if (++reports == 1)
            loop.rewatch(watch_of_file, 0);
        else
            loop.stop();
    });
    watch_of_file = watch;
    loop.call_at(loop.now() + milliseconds(10), [&] {
        EXPECT_EQ(reports, 1) << "reported while nobody wanted it";
        loop.rewatch(watch_of_file, POLLIN | POLLOUT);
    });
    run();
    EXPECT_EQ(reports, 2);
}

TEST_F(EventLoopTest, LooksItselfAtWhatTheKernelRefusesToWatch) {
    std::vector<Fd> nested;  // so deep that one more level is too much
    nested.emplace_back(::epoll_create1(EPOLL_CLOEXEC));
    epoll_event readable{.events = EPOLLIN, .data = {}};
    ASSERT_EQ(::epoll_ctl(nested.back().get(), EPOLL_CTL_ADD, reading.get(), &readable), 0);
    for (;;) {
        Fd next(::epoll_create1(EPOLL_CLOEXEC));
        epoll_event event{.events = EPOLLIN, .data = {}};
        if (::epoll_ctl(next.get(), EPOLL_CTL_ADD, nested.back().get(), &event) != 0) break;
        nested.push_back(std::move(next));
        ASSERT_LT(nested.size(), 100);
    }
    int reports = 0;
    const auto silent = loop.watch(nested.back().get(), 0, [&](short) {
        if (++reports == 3) loop.stop();
    });
    ASSERT_TRUE(silent);
    loop.rewatch(silent, POLLIN);
    loop.call_at(loop.now() + milliseconds(50), [&] {
        EXPECT_EQ(reports, 0) << "reported, and nothing can be read";
        write_byte();
    });
    run();
    EXPECT_EQ(reports, 3);
    loop.unwatch(silent);
}

TEST_F(EventLoopTest, RefusesADescriptorThatIsClosed) {
    const int closed = reading.get();
    reading.reset();
    EXPECT_FALSE(loop.watch(closed, POLLIN, [](short) {}));
    EXPECT_EQ(errno, EBADF);
    EXPECT_EQ(loop.watches(), 0u);
}

TEST_F(EventLoopTest, DropsAnEventThatWasFetchedBeforeItsWatchWasTakenAway) {
    // Both pipes are ready in one wait. Whichever is served first closes the other and opens a new pipe under
    // the same number: the fetched event must reach neither the old watch nor the new one.
    auto second = make_pipe(O_NONBLOCK);
    ASSERT_TRUE(second);
    ASSERT_EQ(::write(second->second.get(), "x", 1), 1);
    write_byte();
    Fd* pipes[2] = {&reading, &second->first};
    WatchId watches[2];
    int served = 0;
    Fd young;
    for (const int self : {0, 1})
        watches[self] = loop.watch(pipes[self]->get(), POLLIN, [&, self](short) {
            ++served;
            const int other = 1 - self;
            const int number = pipes[other]->get();
            loop.unwatch(watches[other]);
            loop.unwatch(watches[self]);
            auto fresh = make_pipe(O_NONBLOCK);
            ASSERT_TRUE(fresh);
            pipes[other]->reset();
            young = Fd(::fcntl(fresh->first.get(), F_DUPFD_CLOEXEC, number));
            ASSERT_EQ(young.get(), number);
            loop.watch(number, POLLIN, [](short) { FAIL() << "an event of the number's former owner"; });
            loop.call_at(loop.now() + milliseconds(10),
                         [&, fresh = std::move(fresh->second)] { loop.stop(); });
        });
    run();
    EXPECT_EQ(served, 1);
}

TEST_F(EventLoopTest, LetsAWatchTakeItselfAwayWhileItRuns) {
    write_byte();
    WatchId self;
    auto witness = std::make_shared<int>(0);
    self = loop.watch(reading.get(), POLLIN, [&, witness](short) {
        loop.unwatch(self);
        ++*witness;  // still alive
        loop.post([&] { loop.stop(); });
    });
    run();
    EXPECT_EQ(*witness, 1);
    EXPECT_EQ(witness.use_count(), 1);
}

TEST_F(EventLoopTest, RunsATimerOnceAndNotBeforeItIsDue) {
    const auto due = loop.now() + milliseconds(15);
    int runs = 0;
    loop.call_at(due, [&] {
        ++runs;
        EXPECT_GE(loop.now(), due);
    });
    loop.call_at(due + milliseconds(15), [&] { loop.stop(); });
    run();
    EXPECT_EQ(runs, 1);
}

TEST_F(EventLoopTest, DoesNotRunACancelledTimer) {
    const auto due = loop.now() + milliseconds(5);
    TimerId second;
    loop.call_at(due, [&] { loop.cancel(second); });
    second = loop.call_at(due, [] { FAIL() << "was cancelled by the one before it"; });
    loop.call_at(due + milliseconds(5), [&] { loop.stop(); });
    run();
}

TEST_F(EventLoopTest, RunsPostedWorkInOrderFromAnyThread) {
    std::vector<int> order;
    const std::jthread other([&] {
        for (int i = 0; i < 1000; ++i)
            loop.post([&order, i] { order.push_back(i); });
        loop.stop();
    });
    run();
    ASSERT_EQ(order.size(), 1000u);
    EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST_F(EventLoopTest, StillServesDescriptorsWhileWorkIsPostedWithoutEnd) {
    std::function<void()> again = [&] { loop.post([&] { again(); }); };
    again();
    write_byte();
    loop.watch(reading.get(), POLLIN, [&](short) {
        again = [] {};
        loop.stop();
    });
    run();
}

TEST_F(EventLoopTest, ReportsAStepThatSleepsButNotOneThatIsShort) {
    loop.detect_stalls(milliseconds(50));
    loop.post([] {});
    loop.post([&] { EXPECT_EQ(loop.stalls()->stalls(), 0u); });
    loop.post([] { std::this_thread::sleep_for(milliseconds(80)); });
    loop.post([&] {
        EXPECT_EQ(loop.stalls()->stalls(), 1u);
        EXPECT_GE(loop.stalls()->longest(), milliseconds(80));
        loop.stop();
    });
    run();
}

}  // namespace
}  // namespace virtlight::async
