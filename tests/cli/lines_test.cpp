// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/lines.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.hpp"

namespace virtlight::cli {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Piece = Lines::Piece;

TEST(Lines, ComeWhenTheyEndHoweverTheyCame) {
    Lines lines;
    EXPECT_THAT(lines.add("one\ntwo\r\nthr"), ElementsAre(Piece{"one"}, Piece{"two"}));
    EXPECT_THAT(lines.add("e"), IsEmpty());
    EXPECT_THAT(lines.add("e\n\n"), ElementsAre(Piece{"three"}, Piece{""}));
    EXPECT_EQ(lines.rest(), std::nullopt);
    EXPECT_THAT(lines.add("last"), IsEmpty());
    EXPECT_EQ(lines.rest(), Piece{"last"});
    EXPECT_EQ(lines.rest(), std::nullopt);
}

TEST(Lines, WithoutAnEndComeInPieces) {
    Lines lines;
    const std::string full(limits::json_line, 'x');
    EXPECT_THAT(lines.add(full), IsEmpty()) << "it may end now";
    EXPECT_THAT(lines.add("\n"), ElementsAre(Piece{full}));
    EXPECT_THAT(lines.add(full + full + "y"), ElementsAre(Piece{full, true}, Piece{full, true}));
    EXPECT_THAT(lines.add("z\n"), ElementsAre(Piece{"yz"}));
}

TEST(Lines, AreCutBetweenCharacters) {
    Lines lines;
    const std::string text(limits::json_line - 1, 'x');
    EXPECT_THAT(lines.add(text + "\u00e9!\n"), ElementsAre(Piece{text, true}, Piece{"\u00e9!"}));
    const std::string no_utf8(limits::json_line, '\xbf');
    EXPECT_THAT(lines.add(no_utf8 + "!\n"), ElementsAre(Piece{no_utf8, true}, Piece{"!"}));
}

}  // namespace
}  // namespace virtlight::cli
