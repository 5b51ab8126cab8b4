// SPDX-License-Identifier: LGPL-2.1-or-later
#include <filesystem>
#include <iterator>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include "async/event_loop.hpp"
#include "base/limits.hpp"
#include "simulated/console_pty.hpp"
#include "simulated/machine.hpp"
#include "simulated/world.hpp"

namespace virtlight::simulated {
namespace {

std::ptrdiff_t open_descriptors() {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
}

/// One who opens a tty and reads it, on the loop of the consoles.
class Reader {
 public:
    Reader(async::EventLoop& loop, const std::string& tty)
        : loop_(loop), tty_(::open(tty.c_str(), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)) {
        watch_ = loop_.watch(tty_.get(), POLLIN, [this](short) { read(); });
    }
    ~Reader() { loop_.unwatch(watch_); }

    /// Reads on until the text ends so, and stops the loop.
    std::string until(std::string end) {
        awaited_ = std::move(end);
        loop_.post([this] { stop_if_come(); });
        loop_.run();
        return text_;
    }
    /// How much of it the tty takes.
    std::size_t type(std::string_view input) {
        const auto n = ::write(tty_.get(), input.data(), input.size());
        return n < 0 ? 0 : static_cast<std::size_t>(n);
    }

 private:
    void read() {
        char buffer[4096];
        const auto n = ::read(tty_.get(), buffer, sizeof buffer);
        if (n > 0) text_.append(buffer, static_cast<std::size_t>(n));
        stop_if_come();
    }
    void stop_if_come() {
        if (text_.ends_with(awaited_)) loop_.stop();
    }

    async::EventLoop& loop_;
    Fd tty_;
    async::WatchId watch_;
    std::string text_;
    std::string awaited_;
};

TEST(ConsolePty, AnswersEachLineWithAPromptAndEchoesTheRest) {
    async::EventLoop loop("core");
    const auto console = ConsolePty::open(loop).value();
    Reader reader(loop, console->tty());
    console->listen(true);
    console->print("hello\r\n# ");
    reader.type("ls -l\rx\n\x7f");
    EXPECT_EQ(reader.until("\x7f"), "hello\r\n# ls -l\r\n# x\r\n# \x7f");
}

TEST(ConsolePty, KeepsWhatWasPrintedBeforeAnybodyReads) {
    async::EventLoop loop("core");
    const auto console = ConsolePty::open(loop).value();
    console->print("first words\r\n");
    Reader reader(loop, console->tty());
    EXPECT_EQ(reader.until("\n"), "first words\r\n");
}

TEST(ConsolePty, InputWaitsWhileItIsNotListening) {
    async::EventLoop loop("core");
    const auto console = ConsolePty::open(loop).value();
    Reader reader(loop, console->tty());
    reader.type("early");
    console->listen(true);
    console->listen(false);
    console->print("!");
    loop.call_at(loop.now() + milliseconds(20), [&] { console->listen(true); });
    EXPECT_EQ(reader.until("early"), "!early");
}

TEST(ConsolePty, InputWaitsForOutputThatNobodyReads) {
    async::EventLoop loop("core");
    const auto console = ConsolePty::open(loop).value();
    console->listen(true);
    const Fd tty(::open(console->tty().c_str(), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
    const std::string line(512, '\r');
    std::size_t taken = 0;
    // Types until nothing is taken for a while: the guest's buffer and the pty's are full then.
    int refusals = 0;
    std::function<void()> type = [&] {
        const auto n = ::write(tty.get(), line.data(), line.size());
        if (n > 0) taken += static_cast<std::size_t>(n);
        refusals = n > 0 ? 0 : refusals + 1;
        if (refusals == 20 || taken > 100 * limits::simulated_console_bytes) return loop.stop();
        loop.call_at(loop.now() + milliseconds(1), [&] { type(); });
    };
    loop.post([&] { type(); });
    loop.run();
    EXPECT_GT(taken, 0u);
    EXPECT_LT(taken, 100 * limits::simulated_console_bytes);
}

TEST(ConsolePty, ClosesWhatItOpened) {
    async::EventLoop loop("core");
    const auto before = open_descriptors();
    {
        const auto console = ConsolePty::open(loop).value();
        EXPECT_GT(open_descriptors(), before);
        EXPECT_EQ(loop.watches(), 1u);
    }
    EXPECT_EQ(open_descriptors(), before);
    EXPECT_EQ(loop.watches(), 0u);
}

TEST(Consoles, EachOfADomainsConsolesGreetsWhenItFirstRuns) {
    async::EventLoop loop("core");
    Machine machine(loop, {}, &loop);
    auto definition = guest_named("web");
    definition.type = domain::GuestType::hvm;
    definition.consoles = {{}, {.target = domain::Console::Target::serial}};
    const auto domid = machine.create(definition, true).value();
    const auto described = machine.describe(domid).value();
    ASSERT_EQ(described.consoles.size(), 2u);
    EXPECT_NE(described.consoles[0].tty, described.consoles[1].tty);
    Reader reader(loop, described.consoles[1].tty);
    ASSERT_TRUE(machine.unpause(domid));
    ASSERT_TRUE(machine.pause(domid));
    ASSERT_TRUE(machine.unpause(domid));
    reader.type("on");
    EXPECT_EQ(reader.until("on"), "simulated guest: type=HVM name=web domid=1\r\n# on") << "and greets once";
}

TEST(Consoles, OfSerialPortsThatAreNoPtysHaveNoTty) {
    async::EventLoop loop("core");
    Machine machine(loop, {}, &loop);
    auto definition = guest_named("web");
    definition.type = domain::GuestType::hvm;
    definition.consoles = {{.target = domain::Console::Target::serial},
                           {.target = domain::Console::Target::serial,
                            .port = 1,
                            .source = {.kind = domain::SerialSource::Kind::null}}};
    const auto described = machine.describe(machine.create(definition, true).value()).value();
    ASSERT_EQ(described.consoles.size(), 2u);
    EXPECT_NE(described.consoles[0].tty, "");
    EXPECT_EQ(described.consoles[1].tty, "");
}

TEST(Consoles, AreClosedWhenTheDomainIsDestroyed) {
    async::EventLoop loop("core");
    Machine machine(loop, {}, &loop);
    const auto before = open_descriptors();
    auto definition = guest_named("web");
    definition.consoles = {{}};
    const auto domid = machine.create(definition).value();
    EXPECT_EQ(open_descriptors(), before + 2);
    ASSERT_TRUE(machine.destroy(domid));
    EXPECT_EQ(open_descriptors(), before);
}

TEST(Consoles, OfAStoppedGuestAnswerNothing) {
    async::EventLoop loop("core");
    Machine machine(loop, {}, &loop);
    auto definition = guest_named("web");
    definition.consoles = {{}};
    const auto domid = machine.create(definition).value();
    Reader reader(loop, machine.describe(domid)->consoles[0].tty);
    ASSERT_TRUE(machine.stop(domid, hypervisor::StopReason::crash));
    reader.type("anybody?\r");
    loop.call_at(loop.now() + milliseconds(20), [&] { loop.stop(); });
    EXPECT_EQ(reader.until("never"), "simulated guest: type=PV name=web domid=1\r\n# ");
}

TEST(Consoles, WithoutALoopForDescriptorsThereAreNoTtys) {
    World world;
    auto definition = guest_named("web");
    definition.consoles = {{.tty = "/dev/pts/99"}};
    const auto created = world.end_of(world.simulated.create(definition, {}));
    ASSERT_TRUE(created);
    ASSERT_EQ(created->consoles.size(), 1u);
    EXPECT_EQ(created->consoles[0].tty, "");
}

}  // namespace
}  // namespace virtlight::simulated
