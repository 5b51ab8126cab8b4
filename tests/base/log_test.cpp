// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/log.hpp"

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/file.hpp"
#include "base/limits.hpp"

namespace virtlight::log {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

/// The log goes into a pipe, which takes so much that nobody reads.
class UnreadLog : public testing::Test {
 protected:
    UnreadLog() {
        ::fcntl(ends_.second.get(), F_SETPIPE_SZ, ::getpagesize());
        ::dup2(ends_.second.get(), STDERR_FILENO);
    }
    ~UnreadLog() override { ::dup2(before_.get(), STDERR_FILENO); }

    std::string read() {
        std::string text(1024 * 1024, '\0');
        const auto n = ::read(ends_.first.get(), text.data(), text.size());
        text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
        return text;
    }

 private:
    std::pair<Fd, Fd> ends_ = *make_pipe();
    Fd before_ = Fd(::dup(STDERR_FILENO));
};

TEST_F(UnreadLog, HoldsUpNobodyAndTellsWhatIsMissingWhenItIsReadAgain) {
    for (int i = 0; i < 1000; ++i)
        warning("line {}", i);
    const auto first = read();
    EXPECT_THAT(first, HasSubstr("line 0\n"));
    EXPECT_THAT(first, Not(HasSubstr("line 999\n")));
    warning("read again");
    const auto second = read();
    EXPECT_THAT(second, HasSubstr("lines of the log are lost: nobody has read it\n"));
    EXPECT_THAT(second, HasSubstr("read again\n"));
    warning("and again");
    EXPECT_THAT(read(), Not(HasSubstr("lost")));
}

TEST_F(UnreadLog, CountsTheLinesOfAllThreads) {
    constexpr int threads = 4;
    constexpr int lines_of_each = 100;
    {
        std::vector<std::jthread> writers;
        for (int i = 0; i < threads; ++i) {
            writers.emplace_back([] {
                for (int line = 0; line < lines_of_each; ++line)
                    warning("line {}", line);
            });
        }
    }
    const auto written = std::ranges::count(read(), '\n');
    warning("read again");
    EXPECT_THAT(read(),
                HasSubstr(fmt::format(" {} lines of the log are lost", threads * lines_of_each - written)));
}

/// A write that would have to wait fails instead, or leaves the end of the line out.
TEST_F(UnreadLog, TakesALongLineAtOnceCutBehindAWholeCharacter) {
    ::fcntl(STDERR_FILENO, F_SETFL, O_NONBLOCK);
    std::string letters;
    for (int i = 0; i < 50'000; ++i)
        letters += "\u00e4";
    for (const std::string first : {"", "x"}) {  // one of them puts a letter across the end
        warning("{}{}", first, letters);
        const auto line = read();
        EXPECT_LE(line.size(), limits::log_write);
        EXPECT_GE(line.size(), limits::log_write - 1);
        EXPECT_THAT(line, EndsWith("\u00e4...\n"));
    }
}

TEST_F(UnreadLog, LeavesALineAloneThatJustFits) {
    warning("");
    const auto room = limits::log_write - read().size();
    const std::string fits(room, 'x');
    warning("{}", fits);
    EXPECT_THAT(read(), EndsWith(" " + fits + "\n"));
    warning("{}y", fits);
    EXPECT_THAT(read(), EndsWith("x...\n"));
}

/// A name that a client or a guest has chosen must not act on the terminal of who reads.
TEST_F(UnreadLog, ShowsWhatATerminalWouldObeyAndWhatIsNoText) {
    warning("guest '{}' has gone", "\x1b[2J\u009b31m\x7f\nERROR forged\xff \u00e4\t");
    EXPECT_THAT(read(),
                EndsWith(" guest '\\x1b[2J\\xc2\\x9b31m\\x7f\\x0aERROR forged\\xff \u00e4\\x09' has gone\n"));
}

}  // namespace
}  // namespace virtlight::log
