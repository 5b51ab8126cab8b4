// SPDX-License-Identifier: LGPL-2.1-or-later
#include "console/log_file.hpp"

#include <deque>
#include <filesystem>
#include <fstream>
#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "async/virtual_loop.hpp"
#include "base/file.hpp"
#include "base/limits.hpp"
#include "base/temporary_folder.hpp"
#include "console/heap.hpp"
#include "console/moments.hpp"

namespace virtlight::console {
namespace {

using test::at_ms;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

/// A disk that takes its time: work is done when the test says so.
class SlowDisk final : public async::Blocking {
 public:
    void submit(async::Work work) override { works_.push_back(std::move(work)); }

    bool serve_one() {
        if (works_.empty()) return false;
        auto work = std::move(works_.front());
        works_.pop_front();
        work();
        return true;
    }
    std::size_t waiting() const { return works_.size(); }

 private:
    std::deque<async::Work> works_;
};

class LogFileTest : public testing::Test {
 protected:
    LogFileTest() { log.emplace(loop, disk, ring, LogSettings{.path = path, .sequences = Sequences::kept}); }
    ~LogFileTest() override { close(); }

    void say(std::string_view bytes, int ms = 0) {
        ring.append(bytes, at_ms(ms));
        log->poke();
    }

    /// Lets the disk and the loop work until both have nothing to do.
    void settle() {
        do {
            loop.run_for(Duration::zero());
        } while (disk.serve_one());
    }

    void close() {
        if (!log) return;
        async::Scope scope;
        scope.spawn(close(*log));
        settle();
        EXPECT_EQ(scope.in_flight(), 0u);
        log.reset();
    }

    static async::Task<> close(LogFile& log) { EXPECT_TRUE(co_await log.close(seconds(1))); }

    std::string content() const { return read_file(path, 1'000'000).value_or("(none)"); }

    const virtlight::test::TemporaryFolder folder;
    const std::filesystem::path path = folder.path() / "web" / "serial0.log";
    async::VirtualLoop loop;
    SlowDisk disk;
    Ring ring{{.first = 1000, .last = 1000, .older = 0}};
    std::optional<LogFile> log;
};

TEST_F(LogFileTest, HasWhatTheGuestSaysWithTimes) {
    ASSERT_TRUE(make_folder(path.parent_path()));
    say("one\n", 1);
    settle();
    say("two\n", 2000);
    settle();
    EXPECT_EQ(content(), "2026-01-01T00:00:00.001Z one\n2026-01-01T00:00:02.000Z two\n");
}

TEST_F(LogFileTest, GivesLinesTheirOwnTimesWhenTheyAreWrittenTogether) {
    ASSERT_TRUE(make_folder(path.parent_path()));
    say("one\n", 1);
    say("two\n", 2000);
    say("three\n", 3000);
    settle();
    EXPECT_EQ(content(),
              "2026-01-01T00:00:00.001Z one\n2026-01-01T00:00:02.000Z two\n2026-01-01T00:00:03.000Z three\n");
}

TEST_F(LogFileTest, LeavesOutWhatWasThereBefore) {
    ASSERT_TRUE(make_folder(path.parent_path()));
    close();
    ring.append("written by the daemon before\n", at_ms(0));
    log.emplace(loop, disk, ring, LogSettings{.path = path});
    say("new\n");
    settle();
    EXPECT_EQ(content(), "2026-01-01T00:00:00.000Z new\n");
}

TEST_F(LogFileTest, BeginsEachBootOnALineOfItsOwn) {
    ASSERT_TRUE(make_folder(path.parent_path()));
    ring.mark(Mark::Kind::boot, at_ms(0));
    say("up\n# ", 1);
    settle();
    ring.mark(Mark::Kind::shutdown, at_ms(1000));
    ring.mark(Mark::Kind::reboot, at_ms(2000));
    say("up again\n", 3000);
    settle();
    EXPECT_EQ(content(),
              "2026-01-01T00:00:00.000Z --- boot ---\n"
              "2026-01-01T00:00:00.001Z up\n"
              "2026-01-01T00:00:00.001Z # \n"
              "2026-01-01T00:00:02.000Z --- reboot ---\n"
              "2026-01-01T00:00:03.000Z up again\n");
}

TEST_F(LogFileTest, BeginsABootOnALineOfItsOwnThatIsWrittenTogetherWithTheOneBefore) {
    ASSERT_TRUE(make_folder(path.parent_path()));
    say("# ", 1);
    ring.mark(Mark::Kind::reboot, at_ms(2000));
    say("up\n", 3000);
    settle();
    EXPECT_EQ(content(),
              "2026-01-01T00:00:00.001Z # \n"
              "2026-01-01T00:00:02.000Z --- reboot ---\n"
              "2026-01-01T00:00:03.000Z up\n");
}

TEST_F(LogFileTest, TellsOfARestoreOnALineOfItsOwn) {
    ASSERT_TRUE(make_folder(path.parent_path()));
    ring.mark(Mark::Kind::boot, at_ms(0));
    say("# ", 1);
    ring.mark(Mark::Kind::save, at_ms(2));
    ring.mark(Mark::Kind::restore, at_ms(3));
    say("goes on\n", 4);
    settle();
    ring.mark(Mark::Kind::restore, at_ms(3000));
    say("goes on\n", 4000);
    settle();
    say("and on\n", 5000);
    settle();
    EXPECT_EQ(content(),
              "2026-01-01T00:00:00.000Z --- boot ---\n"
              "2026-01-01T00:00:00.001Z # \n"
              "2026-01-01T00:00:00.003Z --- restore ---\n"
              "2026-01-01T00:00:00.001Z goes on\n"
              "2026-01-01T00:00:03.000Z --- restore ---\n"
              "2026-01-01T00:00:04.000Z goes on\n"
              "2026-01-01T00:00:05.000Z and on\n");
}

TEST_F(LogFileTest, TellsOfARestoreBehindTheBootThatItWasMadeFor) {
    ASSERT_TRUE(make_folder(path.parent_path()));
    ring.mark(Mark::Kind::boot, at_ms(0));
    ring.mark(Mark::Kind::restore, at_ms(1));
    ring.mark(Mark::Kind::boot, at_ms(2));
    ring.mark(Mark::Kind::restore, at_ms(3));
    say("goes on\n", 4);
    settle();
    EXPECT_EQ(content(),
              "2026-01-01T00:00:00.002Z --- boot ---\n"
              "2026-01-01T00:00:00.003Z --- restore ---\n"
              "2026-01-01T00:00:00.004Z goes on\n");
}

TEST_F(LogFileTest, LeavesOutARestoreThatWasThereBefore) {
    ASSERT_TRUE(make_folder(path.parent_path()));
    close();
    ring.append("written by the daemon before\n", at_ms(0));
    ring.mark(Mark::Kind::restore, at_ms(1));
    log.emplace(loop, disk, ring, LogSettings{.path = path});
    say("new\n", 2);
    settle();
    EXPECT_EQ(content(), "2026-01-01T00:00:00.000Z new\n");
}

TEST_F(LogFileTest, HasOnePieceOnItsWayAtATime) {
    ASSERT_TRUE(make_folder(path.parent_path()));
    for (int i = 0; i < 50; ++i) {
        say("x\n");
        loop.run_for(Duration::zero());
        EXPECT_EQ(disk.waiting(), 1u);
    }
    settle();
    EXPECT_EQ(content().size(), 50 * std::string_view("2026-01-01T00:00:00.000Z x\n").size());
}

TEST_F(LogFileTest, ShowsWhatASlowDiskMissed) {
    ASSERT_TRUE(make_folder(path.parent_path()));
    say("start\n");
    say(std::string(994, 'a'));
    say(std::string(2000, 'b') + "\n");
    say("end\n");
    settle();
    EXPECT_THAT(content(),
                AllOf(HasSubstr("Z start\n"),
                      HasSubstr("a\n2026-01-01T00:00:00.000Z --- 1005 bytes are missing here ---\n"),
                      EndsWith("b\n2026-01-01T00:00:00.000Z end\n")));
}

TEST_F(LogFileTest, SaysOnceThatTheDiskRefusesAndGoesOnWhenItTakesAgain) {
    testing::internal::CaptureStderr();
    std::ofstream(path.parent_path()) << "no folder";
    say("kept\n");
    settle();
    for (int i = 0; i < 3; ++i) {
        say("and this\n");
        loop.run_for(limits::console_log_retry);
        settle();
    }
    const auto refused = testing::internal::GetCapturedStderr();
    EXPECT_THAT(refused, HasSubstr("Not a directory"));
    EXPECT_EQ(std::ranges::count(refused, '\n'), 1) << refused;

    testing::internal::CaptureStderr();
    std::filesystem::remove(path.parent_path());
    loop.run_for(limits::console_log_retry);
    settle();
    const auto line = std::string("2026-01-01T00:00:00.000Z and this\n");
    EXPECT_EQ(content(), "2026-01-01T00:00:00.000Z kept\n" + line + line + line);
    EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("is written again"));
}

TEST_F(LogFileTest, WritesWhatIsLeftWhenItIsClosed) {
    ASSERT_TRUE(make_folder(path.parent_path()));
    say("one\n");
    say("two\n");
    close();
    EXPECT_THAT(content(), EndsWith("two\n"));
}

TEST_F(LogFileTest, IsClosedAlsoWhenTheDiskRefusesAndSaysThatSomethingIsMissing) {
    testing::internal::CaptureStderr();
    std::ofstream(path.parent_path()) << "no folder";
    say("one\n");
    settle();
    const auto before = loop.now();
    close();
    EXPECT_EQ(loop.now(), before) << "it waited for the next try";
    EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("what came last is not in it"));
}

TEST_F(LogFileTest, TakesNoMoreMemoryThanItsPiece) {
    ASSERT_TRUE(make_folder(path.parent_path()));
    std::string lines;
    for (int i = 0; i < 500; ++i)
        lines += "x\n";
    const auto before = virtlight::test::heap_bytes();
    ring.append(lines, at_ms(0));
    const auto with_ring = virtlight::test::heap_bytes();
    log->poke();
    EXPECT_LE(virtlight::test::heap_bytes() - with_ring, 2 * limits::console_log_chunk);
    EXPECT_GT(virtlight::test::heap_bytes() - with_ring, limits::console_log_chunk / 2);
    EXPECT_LE(virtlight::test::heap_bytes() - before, ring.size().bytes() + limits::console_overhead);
    settle();
}

}  // namespace
}  // namespace virtlight::console
