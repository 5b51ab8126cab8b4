// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/table.hpp"

#include <gtest/gtest.h>

namespace virtlight::cli {
namespace {

using enum Table::Side;

TEST(Table, HasColumnsAsWideAsWhatIsInThem) {
    Table table{{"ID", right}, {"NAME"}, {"STATE"}};
    table.add({{"7"}, {"web"}, {"running"}});
    table.add({{"12345"}, {"a-name-that-is-longer"}, {"shut off"}});
    EXPECT_EQ(table.text(),
              "   ID  NAME                   STATE\n"
              "    7  web                    running\n"
              "12345  a-name-that-is-longer  shut off\n");
}

TEST(Table, WithoutLinesHasItsTitles) {
    EXPECT_EQ((Table{{"ID", right}, {"NAME"}}.text()), "ID  NAME\n");
}

TEST(Table, CountsCharactersAndNotTheirBytes) {
    Table table{{"NAME"}, {"STATE"}};
    table.add({{"caf\u00e9"}, {"running"}});
    table.add({{"\u4ed9\u53f0"}, {"paused"}});
    table.add({{""}, {"crashed"}});
    EXPECT_EQ(table.text(),
              "NAME  STATE\n"
              "caf\u00e9  running\n"
              "\u4ed9\u53f0  paused\n"
              "      crashed\n");
}

TEST(Table, HasNoColoursWhereNoTerminalShowsThem) {
    Table table{{"STATE"}, {"ID"}};
    table.add({{"running", Colour::green}, {"7"}});
    const auto text = table.text();
    EXPECT_TRUE(is_terminal(stdout) || text == "STATE    ID\nrunning  7\n") << text;
}

}  // namespace
}  // namespace virtlight::cli
