// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/operation_log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.hpp"
#include "base/limits.hpp"

namespace virtlight::xenlight {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class OperationLogTest : public testing::Test {
 protected:
    void write(xentoollog_level level, const char* text, int errno_value = -1) {
        xtl_log(log.sink(), level, errno_value, "libxl", "%s", text);
    }

    OperationLog log;
};

TEST_F(OperationLogTest, KeepsWarningsAndErrorsWithTheirErrno) {
    const auto id = log.begin(std::nullopt);
    write(XTL_DEBUG, "not worth keeping");
    write(XTL_WARN, "odd");
    write(XTL_ERROR, "cannot open", ENOENT);
    EXPECT_THAT(log.end(id),
                ElementsAre("libxl: warning: odd", "libxl: error: cannot open: No such file or directory"));
}

TEST_F(OperationLogTest, KeepsNothingBeforeAndAfterAnOperation) {
    write(XTL_ERROR, "before");
    const auto id = log.begin(std::nullopt);
    EXPECT_THAT(log.end(id), IsEmpty());
    write(XTL_ERROR, "after");
    EXPECT_THAT(log.end(id), IsEmpty());
}

TEST_F(OperationLogTest, GivesALineThatNamesADomainToTheOperationsOnThatDomain) {
    const auto three = log.begin(3);
    const auto four = log.begin(4);
    const auto any = log.begin(std::nullopt);
    write(XTL_ERROR, "a.c:1:f: Domain 3:no answer");
    write(XTL_ERROR, "a.c:2:g: out of ideas");
    EXPECT_EQ(log.end(three).size(), 2);
    EXPECT_THAT(log.end(four), ElementsAre("libxl: error: a.c:2:g: out of ideas"));
    EXPECT_EQ(log.end(any).size(), 2);
}

TEST_F(OperationLogTest, KeepsTheFirstLinesOfVeryMany) {
    const auto id = log.begin(std::nullopt);
    for (int i = 0; i < 1000; ++i)
        xtl_log(log.sink(), XTL_ERROR, -1, "xc", "line %d", i);
    const auto lines = log.end(id);
    ASSERT_EQ(lines.size(), limits::log_lines);
    EXPECT_EQ(lines.front(), "xc: error: line 0");
}

TEST_F(OperationLogTest, CutsALineThatIsTooLong) {
    const auto id = log.begin(std::nullopt);
    write(XTL_ERROR, std::string(100'000, 'x').c_str(), EIO);
    const auto lines = log.end(id);
    ASSERT_EQ(lines.size(), 1);
    EXPECT_EQ(lines.front().size(), limits::log_line_bytes - 1);
}

TEST_F(OperationLogTest, KeepsTextAloneOfALine) {
    const auto id = log.begin(std::nullopt);
    write(XTL_ERROR, "QMP says: \x1b[2J\xff and\nmore\n");
    write(XTL_ERROR, "it failed\n", EPERM);
    EXPECT_THAT(log.end(id), ElementsAre("libxl: error: QMP says: \\x1b[2J\\xff and\\x0amore",
                                         "libxl: error: it failed: Operation not permitted"));
}

TEST_F(OperationLogTest, WritesStraightToStandardErrorInAChild) {
    auto ends = make_pipe();
    ASSERT_TRUE(ends);
    const auto id = log.begin(std::nullopt);
    const pid_t child = ::fork();
    if (child == 0) {
        ::dup2(ends->second.get(), STDERR_FILENO);
        write(XTL_ERROR, "from the child");
        const bool kept = !log.end(id).empty();
        ::_exit(kept ? 1 : 0);
    }
    ends->second.reset();
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0) << "the child kept the line";
    char text[256] = {};
    ASSERT_GT(::read(ends->first.get(), text, sizeof text - 1), 0);
    EXPECT_STREQ(text, "libxl: error: from the child\n");
}

TEST(DomainNamedIn, FindsTheDomainOfALine) {
    EXPECT_EQ(domain_named_in("libxl: error: a.c:5:f: Domain 17:gone"), 17);
    EXPECT_EQ(domain_named_in("Domain creation failed: Domain 4:gone"), 4);
    EXPECT_EQ(domain_named_in("no Domain at all: 7"), std::nullopt);
    EXPECT_EQ(domain_named_in("Domain 99999999999999999999: too large"), std::nullopt);
    EXPECT_EQ(domain_named_in("Domain 5"), std::nullopt);
}

}  // namespace
}  // namespace virtlight::xenlight
