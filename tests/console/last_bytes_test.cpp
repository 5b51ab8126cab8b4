// SPDX-License-Identifier: LGPL-2.1-or-later
#include "console/last_bytes.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace virtlight::console {
namespace {

std::string content(const LastBytes& bytes) {
    std::string all;
    while (all.size() < bytes.size()) {
        const auto piece = bytes.view(all.size());
        if (piece.empty()) return all + " and a hole";
        all += piece;
    }
    return all;
}

TEST(LastBytes, HoldsAllUntilItIsFullAndThenTheLast) {
    LastBytes bytes(5);
    bytes.append("abc");
    EXPECT_EQ(content(bytes), "abc");
    EXPECT_EQ(bytes.room(), 2u);
    bytes.append("de");
    EXPECT_EQ(content(bytes), "abcde");
    bytes.append("fg");
    EXPECT_EQ(content(bytes), "cdefg");
    EXPECT_EQ(bytes.room(), 0u);
}

TEST(LastBytes, TakesTheEndOfWhatIsLongerThanItself) {
    LastBytes bytes(3);
    bytes.append("x");
    bytes.append("abcdefgh");
    EXPECT_EQ(content(bytes), "fgh");
}

TEST(LastBytes, HoldsNothingWhenNothingIsAllowed) {
    LastBytes bytes(0);
    bytes.append("abc");
    EXPECT_EQ(bytes.size(), 0u);
    EXPECT_EQ(bytes.view(0), "");
}

TEST(LastBytes, TakesNoMemoryBeforeItHoldsSomething) {
    const LastBytes bytes(1 << 20);
    EXPECT_EQ(bytes.memory(), 0u);
}

TEST(LastBytes, GoesOnAfterItWasCleared) {
    LastBytes bytes(4);
    bytes.append("abcdef");
    bytes.clear();
    EXPECT_EQ(bytes.size(), 0u);
    bytes.append("xy");
    EXPECT_EQ(content(bytes), "xy");
}

RC_GTEST_PROP(LastBytesProperty, HoldsTheEndOfAllThatWasAppended,
              (const std::vector<std::pair<std::string, bool>>& steps)) {
    const auto limit = *rc::gen::inRange<std::size_t>(0, 40);
    LastBytes bytes(limit);
    std::string all;
    for (const auto& [text, settle] : steps) {
        bytes.append(text);
        all += text;
        if (settle) {
            bytes.settle();
            RC_ASSERT(bytes.memory() == bytes.size());
        }
        RC_ASSERT(content(bytes) == all.substr(all.size() - std::min(all.size(), limit)));
        RC_ASSERT(bytes.memory() <= limit);
    }
}

}  // namespace
}  // namespace virtlight::console
