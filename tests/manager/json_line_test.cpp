// SPDX-License-Identifier: LGPL-2.1-or-later
#include "manager/json_line.hpp"

#include <vector>

#include <gtest/gtest.h>

namespace virtlight::manager {
namespace {

TEST(JsonLine, HoldsTextsNumbersAndLists) {
    const std::vector<std::string> lines = {"a", "b"};
    EXPECT_EQ(JsonLine().add("name", "web").add("domid", 3).add_all("lines", lines).text(),
              "{\"name\":\"web\",\"domid\":3,\"lines\":[\"a\",\"b\"]}\n");
    EXPECT_EQ(JsonLine().text(), "{}\n");
}

TEST(JsonLine, IsOneLineOfJsonWhateverATextHolds) {
    EXPECT_EQ(JsonLine::quoted("say \"hi\"\\"), R"("say \"hi\"\\")");
    EXPECT_EQ(JsonLine::quoted("two\nlines\x01"), R"("two\u000alines\u0001")");
    EXPECT_EQ(JsonLine::quoted("gr\u00fc\u00df \U0001f600"), "\"gr\u00fc\u00df \U0001f600\"");
    EXPECT_EQ(JsonLine::quoted("bad \xff\xc3"), "\"bad \ufffd\ufffd\"");
    EXPECT_EQ(JsonLine::quoted(std::string_view("\0", 1)), R"("\u0000")");
}

}  // namespace
}  // namespace virtlight::manager
