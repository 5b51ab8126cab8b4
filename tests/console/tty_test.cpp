// SPDX-License-Identifier: LGPL-2.1-or-later
#include "console/tty.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "base/limits.hpp"
#include "base/temporary_folder.hpp"
#include "console/loop_test.hpp"
#include "console/pty.hpp"

namespace virtlight::console {
namespace {

using async::Task;
using test::Pty;
using testing::HasSubstr;
using testing::StartsWith;

class FakePeer : public TtyPeer {
 public:
    void output(std::string_view bytes) override {
        said += bytes;
        if (on_output) on_output();
    }
    std::string_view input() override { return typed; }
    void input_written(std::size_t bytes) override {
        typed.erase(0, bytes);
        written += bytes;
        if (on_written) on_written();
    }
    void gone(const Error& why) override {
        reasons.push_back(why.message);
        if (on_gone) on_gone();
    }

    std::string said;
    std::string typed;
    std::size_t written = 0;
    std::vector<std::string> reasons;
    std::function<void()> on_output;
    std::function<void()> on_written;
    std::function<void()> on_gone;
};

class TtyTest : public test::LoopTest {
 protected:
    void type(std::string_view bytes) {
        peer.typed += bytes;
        tty.input_ready();
    }

    Task<> open_and_talk();
    Task<> make_it_raw();
    Task<> hang_up_and_come_back();
    Task<> come_back_at_once();
    Task<> fill_and_drain();
    Task<> close_from_inside();
    Task<> be_flooded();
    Task<> flood_the_guest();

    Pty pty;
    FakePeer peer;
    Tty tty{loop, peer};
};

Task<> TtyTest::open_and_talk() {
    pty.say("before anybody listened, ");
    EXPECT_TRUE(tty.open(pty.path()));
    EXPECT_TRUE(tty.is_open());
    pty.say("and after");
    co_await until([&] { return peer.said == "before anybody listened, and after"; });
    type("root\n");
    EXPECT_EQ(pty.heard(), "root\n") << "written at once, not with the next turn";
}

TEST_F(TtyTest, CarriesBytesBothWays) {
    run(open_and_talk());
}

Task<> TtyTest::make_it_raw() {
    const Pty cooked(Pty::Mode::cooked);
    EXPECT_TRUE(tty.open(cooked.path()));
    cooked.say("\r\n\x03\x04\x1a");  // each of which a tty that is not raw would change or act on
    co_await until([&] { return peer.said.size() >= 5; });
    EXPECT_EQ(peer.said, "\r\n\x03\x04\x1a");
    EXPECT_EQ(cooked.heard(), "") << "an echo of the guest's output to the guest";
    type("\n\r\x03");
    EXPECT_EQ(cooked.heard(), "\n\r\x03");
    tty.close();
}

TEST_F(TtyTest, MakesTheTtyRaw) {
    run(make_it_raw());
}

TEST_F(TtyTest, SaysWhyItCannotOpen) {
    const auto missing = tty.open("/dev/pts/there-is-none");
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().message,
              "cannot open console '/dev/pts/there-is-none': No such file or directory");
    EXPECT_FALSE(tty.is_open());
}

TEST_F(TtyTest, RefusesWhatIsNoTty) {
    const virtlight::test::TemporaryFolder folder;
    const auto file = folder.path() / "file";
    ASSERT_TRUE(write_file(file, "content"));
    const auto opened = tty.open(file);
    ASSERT_FALSE(opened);
    EXPECT_THAT(opened.error().message, HasSubstr("Inappropriate ioctl"));
    EXPECT_EQ(loop.watches(), 0u);
    EXPECT_EQ(read_file(file, 100), "content");
}

TEST_F(TtyTest, KeepsTheOneItHasWhenTheNextCannotBeOpened) {
    ASSERT_TRUE(tty.open(pty.path()));
    EXPECT_FALSE(tty.open("/dev/pts/there-is-none"));
    EXPECT_TRUE(tty.is_open());
}

Task<> TtyTest::hang_up_and_come_back() {
    EXPECT_TRUE(tty.open(pty.path()));
    pty.say("one ");
    co_await until([&] { return peer.said == "one "; });
    pty.hang_up();
    co_await until([&] { return !peer.reasons.empty(); });
    EXPECT_THAT(peer.reasons.at(0), StartsWith("console '" + pty.path() + "' is gone: "));
    EXPECT_FALSE(tty.is_open());
    EXPECT_EQ(loop.watches(), 0u) << "a dead descriptor would make the loop spin";

    type("typed in the meantime");
    const Pty next;
    EXPECT_TRUE(tty.open(next.path()));
    EXPECT_EQ(next.heard(), "typed in the meantime");
    next.say("two");
    co_await until([&] { return peer.said == "one two"; });
    EXPECT_EQ(peer.reasons.size(), 1u);
}

TEST_F(TtyTest, ReportsAHangUpOnceAndServesTheNextPath) {
    run(hang_up_and_come_back());
}

Task<> TtyTest::come_back_at_once() {
    const Pty next;
    peer.on_gone = [&] { EXPECT_TRUE(tty.open(next.path())); };
    EXPECT_TRUE(tty.open(pty.path()));
    pty.hang_up();
    next.say("two");
    co_await until([&] { return peer.said == "two"; });
    EXPECT_EQ(peer.reasons.size(), 1u);
    tty.close();
}

TEST_F(TtyTest, CanBeOpenedAgainByTheOneWhoIsToldThatItIsGone) {
    run(come_back_at_once());
}

Task<> TtyTest::fill_and_drain() {
    EXPECT_TRUE(tty.open(pty.path()));
    std::string much;
    for (int i = 0; i < 200'000; ++i)
        much += static_cast<char>('a' + i % 23);
    type(much);
    EXPECT_FALSE(peer.typed.empty()) << "a pty takes a few KiB when nobody reads";
    std::string heard;
    co_await until([&] {
        heard += pty.heard();
        return heard.size() >= much.size();
    });
    EXPECT_TRUE(heard == much);
    EXPECT_EQ(peer.written, much.size());
}

TEST_F(TtyTest, WritesTheRestWhenTheGuestReadsAgain) {
    run(fill_and_drain());
}

Task<> TtyTest::close_from_inside() {
    EXPECT_TRUE(tty.open(pty.path()));
    peer.on_output = [&] { tty.close(); };
    pty.say("x");
    co_await until([&] { return !peer.said.empty(); });
    EXPECT_FALSE(tty.is_open());
    pty.say("y");
    co_await turn();
    EXPECT_EQ(peer.said, "x");
    EXPECT_TRUE(peer.reasons.empty()) << "a tty that we close is not gone";
}

TEST_F(TtyTest, CanBeClosedByItsPeer) {
    run(close_from_inside());
}

/// The most bytes that one turn moved, over the turns until `end` bytes were moved.
class Turns {
 public:
    void count(std::size_t bytes) {
        moved_ += bytes;
        step_ += bytes;
        most_ = std::max(most_, step_);
    }
    void next() { step_ = 0; }
    std::size_t most() const { return most_; }
    std::size_t moved() const { return moved_; }

 private:
    std::size_t moved_ = 0;
    std::size_t step_ = 0;
    std::size_t most_ = 0;
};

constexpr std::size_t flood_bytes = 8 * limits::console_step_bytes;

Task<> TtyTest::be_flooded() {
    const std::jthread guest([this] { pty.say(std::string(flood_bytes, 'x')); });
    Turns steps;
    const Fd probe(::open(pty.path().c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC));
    peer.on_output = [&] {
        steps.count(peer.said.size());
        peer.said.clear();
        // Never lets the tty find nothing to read, so that only its limit can end a step.
        pollfd more{.fd = probe.get(), .events = POLLIN, .revents = 0};
        if (steps.moved() < flood_bytes) ::poll(&more, 1, 1000);
    };
    EXPECT_TRUE(tty.open(pty.path()));
    while (steps.moved() < flood_bytes) {
        steps.next();
        co_await turn();
    }
    EXPECT_EQ(steps.most(), limits::console_step_bytes);
}

TEST_F(TtyTest, ReadsABoundedNumberOfBytesInOneStepOfAFlood) {
    run(be_flooded());
}

TEST_F(TtyTest, ReadsAllThatAGuestSaidInABurstBeforeItEnded) {
    constexpr std::size_t burst = 2 * limits::console_step_bytes;
    ASSERT_TRUE(tty.open(pty.path()));
    const Fd probe(::open(pty.path().c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC));
    const auto await_more = [&] {
        pollfd more{.fd = probe.get(), .events = POLLIN, .revents = 0};
        if (peer.said.size() < burst) ::poll(&more, 1, 1000);
    };
    peer.on_output = await_more;
    const std::jthread guest([this] { pty.say(std::string(burst, 'x')); });
    await_more();
    tty.finish();
    EXPECT_EQ(peer.said.size(), burst);
    EXPECT_FALSE(tty.is_open());
    // What was left behind is not waited for without end.
    std::array<char, 4096> buffer;
    for (auto heard = peer.said.size(); heard < burst;) {
        const auto n = ::read(probe.get(), buffer.data(), buffer.size());
        if (n <= 0) break;
        heard += static_cast<std::size_t>(n);
    }
}

Task<> TtyTest::flood_the_guest() {
    std::atomic<bool> over = false;
    const std::jthread guest([&] {
        while (!over)
            if (pty.heard().empty()) std::this_thread::yield();
    });
    EXPECT_TRUE(tty.open(pty.path()));
    Turns steps;
    peer.on_written = [&] {
        steps.count(std::exchange(peer.written, 0));
        if (steps.moved() < flood_bytes) peer.typed.resize(4096);
        // Never lets the tty find the pty full.
        pollfd room{.fd = pty.guest(), .events = POLLIN, .revents = 0};
        while (::poll(&room, 1, 0) > 0 && !over)
            std::this_thread::yield();
    };
    type(std::string(4096, 'x'));
    while (steps.moved() < flood_bytes) {
        steps.next();
        co_await turn();
    }
    over = true;
    EXPECT_LE(steps.most(), limits::console_step_bytes);
}

TEST_F(TtyTest, WritesABoundedNumberOfBytesInOneStep) {
    run(flood_the_guest());
}

TEST_F(TtyTest, LeavesTheLoopWhenItIsDestroyed) {
    {
        Tty other(loop, peer);
        ASSERT_TRUE(other.open(pty.path()));
        EXPECT_EQ(loop.watches(), 1u);
    }
    EXPECT_EQ(loop.watches(), 0u);
}

}  // namespace
}  // namespace virtlight::console
