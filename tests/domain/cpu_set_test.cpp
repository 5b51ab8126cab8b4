// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/cpu_set.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/limits.hpp"

namespace virtlight::domain::cpu_set_test {
namespace {

using testing::HasSubstr;

std::string read(std::string_view text) {
    const auto set = CpuSet::parse(text);
    return set ? set->format() : set.error().message;
}

TEST(CpuSet, IsReadFromNumbersRangesAndExclusions) {
    EXPECT_EQ(read("3"), "3");
    EXPECT_EQ(read("0-3,^2,8"), "0-1,3,8");
    EXPECT_EQ(read("0-9,^2-99,5"), "0-1,5");
    EXPECT_EQ(read(" 5, 1 - 2 "), "1-2,5");
    EXPECT_EQ(read("1,1,1"), "1");
}

TEST(CpuSet, ThatMeansNothingIsRefusedByName) {
    for (const auto* text : {"", "x", "1-", "-1", "3-1", "1,,2", "0-4096", "99999999999", "1;2"})
        EXPECT_THAT(read(text), HasSubstr("is no set of processors")) << text;
    EXPECT_EQ(read("1,^1"), "'1,^1' is no set of processors: it names none");
    EXPECT_EQ(read("0-2,^0-4095"), "'0-2,^0-4095' is no set of processors: it names none");
}

TEST(CpuSet, InXlsWordsMayBeginWithAllThatThereCanBe) {
    const auto read_xls = [](std::string_view text) {
        const auto set = CpuSet::parse_xls(text);
        return set ? set->format() : set.error().message;
    };
    EXPECT_EQ(read_xls("all"), "0-4095");
    EXPECT_EQ(read_xls("all,^0"), "1-4095");
    EXPECT_EQ(read_xls("all, ^1-4094"), "0,4095");
    EXPECT_EQ(read_xls("3,^3,5"), "5");
    EXPECT_THAT(read_xls("^all,5"), HasSubstr("'all' is neither a number below 4096 nor a range"));
    EXPECT_THAT(read_xls("all,^4096"), HasSubstr("'4096' is neither"));
    EXPECT_THAT(read_xls("all,^0-4095"), HasSubstr("it names none"));
    EXPECT_THAT(read("all,^0"), HasSubstr("is no set of processors")) << "libvirt has no such word";
}

TEST(CpuSet, ThatIsLongerThanAnyHasToBeIsRefused) {
    std::string text = "0-4095";
    while (text.size() <= limits::cpu_set_text)
        text += ",0-4095";
    EXPECT_EQ(read(text), fmt::format("a set of processors has at most 32768 bytes, not {}", text.size()));
    EXPECT_EQ(read(text.substr(0, text.rfind(','))), "0-4095");
}

TEST(CpuSet, ForgetsBitsThatAreNoProcessors) {
    const auto set = CpuSet::from_bits(std::string(limits::cpus / 8 + 100, '\xff'));
    EXPECT_EQ(set, CpuSet::first(limits::cpus));
}

TEST(CpuSet, HasABitForEachProcessorFromTheLowestOn) {
    const auto set = CpuSet::parse("0,9,11").value();
    EXPECT_EQ(set.bits(2), std::string("\x01\x0a"));
    EXPECT_EQ(set.bits(1), std::string("\x01"));
    EXPECT_EQ(set.bits(3), std::string("\x01\x0a\0", 3));
}

CpuSet arbitrary_set() {
    CpuSet set;
    for (const auto cpu : *rc::gen::container<std::vector<unsigned>>(rc::gen::inRange(0U, 70U)))
        set.insert(cpu);
    return set;
}

RC_GTEST_PROP(CpuSet, IsTheSameWhetherWrittenAsTextOrAsBits, ()) {
    const auto set = arbitrary_set();
    RC_ASSERT(CpuSet::from_bits(set.bits(9)) == set);
    if (!set.empty()) RC_ASSERT(CpuSet::parse(set.format()).value() == set);
}

RC_GTEST_PROP(CpuSet, IsTheSameOnceWhatWasAddedIsTakenAway, ()) {
    const auto set = arbitrary_set();
    const auto cpu = *rc::gen::inRange(0U, 100U);
    RC_PRE(!set.contains(cpu));
    auto changed = set;
    changed.insert(cpu);
    RC_ASSERT(changed.contains(cpu) && !(changed == set));
    changed.erase(cpu);
    RC_ASSERT(changed == set);
}

}  // namespace
}  // namespace virtlight::domain::cpu_set_test
