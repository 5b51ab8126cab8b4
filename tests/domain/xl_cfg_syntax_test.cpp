// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/xl_cfg_syntax.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/limits.hpp"

namespace virtlight::domain {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Kind = XlValue::Kind;

XlValue text(std::string words) {
    return {.kind = Kind::text, .text = std::move(words)};
}
XlValue number(std::string digits) {
    return {.kind = Kind::number, .text = std::move(digits)};
}
XlValue list(std::vector<XlValue> items) {
    return {.kind = Kind::list, .items = std::move(items)};
}

XlSettings read(std::string_view file) {
    auto settings = parse_xl_settings(file);
    EXPECT_TRUE(settings) << settings.error().message;
    return settings.value_or(XlSettings());
}
std::string problem(std::string_view file) {
    const auto settings = parse_xl_settings(file);
    return settings ? "it was read" : settings.error().message;
}

TEST(XlSettings, AreSeparatedByLinesOrSemicolons) {
    EXPECT_THAT(read("# a comment\n\nname = 'web' # behind it\r\nmemory=0x10;vcpus = 2;;\n  a.b_1=\"\""),
                ElementsAre(XlSetting{"name", text("web"), 3}, XlSetting{"memory", number("0x10"), 4},
                            XlSetting{"vcpus", number("2"), 4}, XlSetting{"a.b_1", text(""), 5}));
}

TEST(XlSettings, HaveListsOverManyLines) {
    EXPECT_THAT(read("disk = [ # the disks\n 'a',\n  [ 1, 2, ], # nested\n]\nvif = []\n"),
                ElementsAre(XlSetting{"disk", list({text("a"), list({number("1"), number("2")})}), 1},
                            XlSetting{"vif", list({}), 5}));
}

TEST(XlSettings, HaveTextsWithEscapes) {
    EXPECT_THAT(read(R"(a = 'it\'s "it"\n\x41\101\\')"),
                ElementsAre(XlSetting{"a", text("it's \"it\"\nAA\\"), 1}));
    EXPECT_THAT(read("a = '# no comment; \xc3\xa9'"),
                ElementsAre(XlSetting{"a", text("# no comment; é"), 1}));
}

TEST(XlSettings, ThatComeAgainAddToTheFirstOnesOrAreRefused) {
    EXPECT_EQ(problem("a = 1\nb = 'x'\na = 2"), "line 3: 'a' is given again; line 1 has it already");
    EXPECT_THAT(read("a = ['x']\na += ['y', 'z']"),
                ElementsAre(XlSetting{"a", list({text("x"), text("y"), text("z")}), 2}));
    EXPECT_THAT(read("a = 'x'\na += 'y'"), ElementsAre(XlSetting{"a", text("xy"), 2}));
    EXPECT_THAT(read("a += ['y']"), ElementsAre(XlSetting{"a", list({text("y")}), 1}));
    EXPECT_THAT(problem("a = 1\na += 2"), HasSubstr("line 2: 'a +=' adds a list to a list"));
    EXPECT_THAT(problem("a = 'x'\na += ['y']"), HasSubstr("line 2: "));
}

TEST(XlSettings, ThatAreNoneAreRefusedWithTheirLine) {
    EXPECT_EQ(problem("a = 1\n1 = 2"), "line 2: expected the name of an option, and found '1'");
    EXPECT_EQ(problem("Name = 1"), "line 1: expected the name of an option, and found 'Name'");
    EXPECT_EQ(problem("a\n"), "line 1: expected '=' behind 'a', and found the end of the line");
    EXPECT_EQ(problem("a = "),
              "line 1: expected a number, a text in quotes or a list in brackets, and found "
              "the end of the file");
    EXPECT_EQ(problem("a = True"),
              "line 1: expected a number, a text in quotes or a list in brackets, and "
              "found 'True'");
    EXPECT_EQ(problem("a = 1 2"),
              "line 1: expected the end of the line behind the value of 'a', and found '2'");
    EXPECT_EQ(problem("\na = 'x\n'"), "line 2: a text has no closing '");
    EXPECT_EQ(problem("a = ['x'\n'y']"), "line 2: expected ',' or ']' in the list, and found ''y']'");
    EXPECT_EQ(problem("\na = ['x',\n\n"), "line 4: the list that begins in line 2 has no end");
    EXPECT_EQ(problem("a = '\\q'"), "line 1: '\\q' in a text means nothing");
    EXPECT_EQ(problem("a = '\\x4'"), "line 1: a text has the number of no character");
    EXPECT_EQ(problem("a = '\\0'"), "line 1: a text has the number of no character");
    EXPECT_EQ(problem("[1]"), "line 1: expected the name of an option, and found '[1]'");
}

TEST(XlSettings, AreBounded) {
    EXPECT_THAT(problem(std::string(limits::xl_cfg_bytes + 1, '\n')), HasSubstr("the limit is 1048576"));
    EXPECT_THAT(problem(std::string("a = 1\n\0", 7)), HasSubstr("character of number 0"));
    const auto nested = [](unsigned depth) {
        return "a = " + std::string(depth, '[') + std::string(depth, ']');
    };
    EXPECT_EQ(problem(nested(limits::xl_cfg_depth)), "it was read");
    EXPECT_EQ(problem(nested(limits::xl_cfg_depth + 1)), "line 1: lists are nested deeper than 8");
    const auto list_of = [](std::size_t count) {
        std::string items;
        for (std::size_t i = 0; i < count; ++i)
            items += "1,";
        return "[" + items + "]";
    };
    const auto full = "a = " + list_of(limits::xl_cfg_items);
    EXPECT_EQ(problem(full), "it was read");
    EXPECT_EQ(problem(full + "; a += [1]"), "line 1: the list 'a' has more than 4096 items");
    EXPECT_EQ(problem("\na = " + list_of(limits::xl_cfg_items + 1)),
              "line 2: the list that begins in line 2 has more than 4096 items");
    std::string many;
    for (std::size_t i = 0; i <= limits::xl_cfg_settings; ++i)
        many += "a" + std::to_string(i) + "=1;";
    EXPECT_EQ(problem(many), "line 1: there are more than 1024 options");
}

// Properties

rc::Gen<XlValue> value(unsigned depth) {
    const auto words = rc::gen::map(
        rc::gen::container<std::string>(rc::gen::suchThat<char>([](char c) { return c != '\0'; })),
        [](std::string all) { return text(std::move(all)); });
    const auto digits = rc::gen::map<unsigned>([](unsigned n) { return number(std::to_string(n)); });
    if (depth == 0) return rc::gen::oneOf(words, digits);
    const auto items = rc::gen::map(rc::gen::container<std::vector<XlValue>>(value(depth - 1)),
                                    [](std::vector<XlValue> all) { return list(std::move(all)); });
    return rc::gen::oneOf(words, digits, items);
}

RC_GTEST_PROP(XlSettings, AreReadAsTheyWereWritten, ()) {
    XlSettings settings;
    const auto values = *rc::gen::resize(12, rc::gen::container<std::vector<XlValue>>(value(2)));
    for (unsigned i = 0; i < values.size(); ++i)
        settings.push_back({"key" + std::to_string(i), values[i], i + 1});
    const auto again = parse_xl_settings(format_xl_settings(settings));
    if (!again) RC_FAIL(again.error().message);
    RC_ASSERT(*again == settings);
}

RC_GTEST_PROP(XlSettings, AreReadOrRefusedWhateverTheyAre, ()) {
    const auto words = *rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>(
        "a", "b1", " ", "=", "+=", "[", "]", ",", "\n", ";", "#", "'", "\"", "\\", "x41", "7", "0x1f", "\t"));
    std::string file;
    for (const auto& word : words)
        file += word;
    const auto settings = parse_xl_settings(file);
    RC_TAG(settings ? "read" : "refused");
    if (!settings) {
        RC_ASSERT(settings.error().message.starts_with("line "));
        return;
    }
    auto again = parse_xl_settings(format_xl_settings(*settings)).value();
    RC_ASSERT(again.size() == settings->size());
    for (std::size_t i = 0; i < again.size(); ++i)
        RC_ASSERT(again[i].key == (*settings)[i].key && again[i].value == (*settings)[i].value);
}

}  // namespace
}  // namespace virtlight::domain
