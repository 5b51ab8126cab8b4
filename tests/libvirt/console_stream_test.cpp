// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libvirt/console_stream.hpp"

#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "async/blocking.hpp"
#include "async/event_loop.hpp"
#include "base/limits.hpp"

namespace virtlight::libvirt {
namespace {

using console::Mark;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;

/// A console that has said more than is held of it, with marks among it.
class ConsoleStreamTest : public testing::Test {
 protected:
    ConsoleStreamTest() {
        console->mark(Mark::Kind::boot);
        for (std::size_t said = 0; said < 2 * limits::console_history_min; said += one_line.size())
            console->broker().output(one_line, wall_now());
        console->mark(Mark::Kind::save);
        console->mark(Mark::Kind::restore);
        console->broker().output("# ", wall_now());
        console->mark(Mark::Kind::shutdown);
    }

    std::unique_ptr<StreamEnd> watch() {
        auto stream = ConsoleStream::open(console, {.name = "one", .access = console::Access::write}, [] {},
                                          {.marks = true});
        EXPECT_TRUE(stream);
        return *std::move(stream);
    }
    std::unique_ptr<StreamEnd> history() {
        return std::make_unique<HistoryStream>(console, console::Range{0, console->history().end()},
                                               ConsoleMarks(0));
    }
    /// All that comes now in portions of at most `max` bytes.
    static std::string all_of(StreamEnd& stream, std::size_t max) {
        std::string all;
        for (;;) {
            const auto portion = stream.read(max);
            EXPECT_TRUE(portion);
            if (!portion || portion->bytes.empty()) return all;
            EXPECT_LE(portion->bytes.size(), max);
            all += as_text(portion->bytes);
        }
    }

    const std::string one_line = "a line like many others\r\n";
    async::EventLoop loop{"test"};
    async::BlockingThreads disk{1};
    std::shared_ptr<console::Console> console = std::make_shared<console::Console>(
        loop, disk, "web/console0", console::Ring(console::HistorySize::of(limits::console_history_min)),
        console::LogSettings(), console::Console::Owner{.changed = [] {}, .lost = [] {}});
};

TEST_F(ConsoleStreamTest, GivesNoMoreThanIsAskedForWithAllThatIsSaidOfTheConsole) {
    const auto words = AllOf(HasSubstr("bytes of the console are missing here"), HasSubstr("--- boot "),
                             HasSubstr("--- restore "), HasSubstr("--- shutdown "));
    const auto watched = all_of(*watch(), limits::stream_chunk);
    const auto read = all_of(*history(), limits::stream_chunk);
    EXPECT_THAT(watched, words);
    EXPECT_THAT(read, words);
    for (const std::size_t max : {1U, 7U, 100U, 4096U}) {
        EXPECT_EQ(all_of(*watch(), max), watched) << max;
        EXPECT_EQ(all_of(*history(), max), read) << max;
    }
}

TEST_F(ConsoleStreamTest, SaysInPortionsTooWhoWritesNow) {
    const auto former = watch();
    all_of(*former, limits::stream_chunk);
    auto next = ConsoleStream::open(console, {.name = "two", .access = console::Access::force}, [] {}, {});
    ASSERT_TRUE(next);
    EXPECT_EQ(all_of(*former, 5), "\r\n--- two writes to the console now ---\r\n");
}

TEST_F(ConsoleStreamTest, SaysBehindWhatWasThereWhyOneOnlyWatchesWhoCameToWrite) {
    const auto come_to_write = [&] {
        auto stream = ConsoleStream::open(console, {.name = "two", .access = console::Access::write_if_free},
                                          [] {}, {});
        EXPECT_TRUE(stream);
        return *std::move(stream);
    };
    EXPECT_THAT(all_of(*come_to_write(), limits::stream_chunk), EndsWith(one_line + "# "));
    const auto writer = watch();
    const auto watcher = come_to_write();
    EXPECT_THAT(all_of(*watcher, 7),
                EndsWith(one_line + "# \r\n--- one writes to the console; you only watch ---\r\n"));
    console->broker().output("more", wall_now());
    EXPECT_EQ(all_of(*watcher, 7), "more");
}

TEST_F(ConsoleStreamTest, SaysBehindWhatWasThereWhyNothingComesAndThatItComesAgain) {
    const auto there = watch();
    all_of(*there, limits::stream_chunk);
    console->broker().set_silence("it is lent");
    EXPECT_EQ(all_of(*there, 7), "\r\n--- it is lent ---\r\n");
    const auto late = ConsoleStream::open(console, {.name = "two"}, [] {}, {});
    ASSERT_TRUE(late);
    EXPECT_THAT(all_of(**late, 7), EndsWith("# \r\n--- it is lent ---\r\n"));
    console->broker().set_silence({});
    for (auto* const stream : {there.get(), late->get()})
        EXPECT_EQ(all_of(*stream, 7), "\r\n--- the console is read again ---\r\n");
}

TEST_F(ConsoleStreamTest, FailsOnlyWhenAllIsGivenThatItHad) {
    const auto opened =
        ConsoleStream::open(console, {.name = "one", .access = console::Access::write, .watches_on = false},
                            [] {}, {.marks = true});
    ASSERT_TRUE(opened);
    auto& stream = **opened;
    auto portion = stream.read(1);
    ASSERT_TRUE(portion);
    const auto next =
        ConsoleStream::open(console, {.name = "two", .access = console::Access::force}, [] {}, {});
    ASSERT_TRUE(next);
    std::string rest;
    for (portion = stream.read(100); portion; portion = stream.read(100))
        rest += as_text(portion->bytes);
    EXPECT_THAT(rest, HasSubstr("boot "));
    EXPECT_EQ(portion.error().message, "'two' took over console web/console0");
}

TEST_F(ConsoleStreamTest, IsNotFinishedWhileAPausedGuestHasNotTakenWhatWasTyped) {
    int woken = 0;
    const auto opened = ConsoleStream::open(console, {.name = "one", .access = console::Access::write},
                                            [&woken] { ++woken; }, {.passes_on_all = true});
    ASSERT_TRUE(opened);
    auto& stream = **opened;
    EXPECT_TRUE(stream.finish().value()) << "nothing was typed";
    auto& broker = console->broker();
    broker.hold_input(true);
    EXPECT_EQ(stream.write(as_bytes("date\r")).value_or(0), 5u);
    EXPECT_FALSE(stream.finish().value());
    broker.hold_input(false);
    const int before = woken;
    broker.input_written(4);
    EXPECT_FALSE(stream.finish().value());
    EXPECT_EQ(woken, before);
    broker.input_written(1);
    EXPECT_EQ(woken, before + 1) << "the connection is served again";
    EXPECT_TRUE(stream.finish().value());
}

TEST_F(ConsoleStreamTest, IsFinishedWhenTheGuestEndsThatWouldNotTakeWhatWasTyped) {
    int woken = 0;
    const auto opened = ConsoleStream::open(console, {.name = "one", .access = console::Access::write},
                                            [&woken] { ++woken; }, {.passes_on_all = true});
    ASSERT_TRUE(opened);
    console->broker().hold_input(true);
    EXPECT_EQ((*opened)->write(as_bytes("date\r")).value_or(0), 5u);
    EXPECT_FALSE((*opened)->finish().value());
    console->broker().finish();
    EXPECT_EQ(woken, 1);
    EXPECT_TRUE((*opened)->finish().value());
}

/// virsh leaves by finishing its stream, and would wait for the guest.
TEST_F(ConsoleStreamTest, OfAClientOfLibvirtsIsFinishedAtOnce) {
    const auto opened =
        ConsoleStream::open(console, {.name = "one", .access = console::Access::write}, [] {}, {});
    ASSERT_TRUE(opened);
    console->broker().hold_input(true);
    EXPECT_EQ((*opened)->write(as_bytes("date\r")).value_or(0), 5u);
    EXPECT_TRUE((*opened)->finish().value());
}

}  // namespace
}  // namespace virtlight::libvirt
