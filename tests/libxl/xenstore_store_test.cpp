// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libxl/xenstore_store.hpp"

#include <cerrno>
#include <map>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace virtlight::fake {
namespace {

using Kind = Edit::Kind;

TEST(XenstoreStore, NobodySeesATransactionBeforeItsCommit) {
    XenstoreStore store;
    const auto id = store.begin();
    ASSERT_TRUE(store.edit(id, {Kind::write, "/a", "1"}).value().empty());
    EXPECT_EQ(store.read(id, "/a"), "1");
    EXPECT_EQ(store.read(0, "/a").error(), ENOENT);
    EXPECT_EQ(store.end(id, true).value(), std::vector<Change>{{"/a"}});
    EXPECT_EQ(store.read(0, "/a"), "1");
    EXPECT_EQ(store.transactions(), 0U);
}

TEST(XenstoreStore, AnAbandonedTransactionLeavesNothing) {
    XenstoreStore store;
    const auto id = store.begin();
    ASSERT_TRUE(store.edit(id, {Kind::write, "/a", "1"}));
    EXPECT_TRUE(store.end(id, false).value().empty());
    EXPECT_EQ(store.read(0, "/a").error(), ENOENT);
    EXPECT_EQ(store.read(id, "/a").error(), ENOENT);
    EXPECT_EQ(store.end(id, true).error(), ENOENT);
}

TEST(XenstoreStore, ATransactionThatReadWhatAnotherWroteHasToStartAgain) {
    XenstoreStore store;
    ASSERT_TRUE(store.edit(0, {Kind::write, "/a", "1"}));
    const auto id = store.begin();
    EXPECT_EQ(store.read(id, "/a"), "1");
    ASSERT_TRUE(store.edit(id, {Kind::write, "/b", "from a"}));
    ASSERT_TRUE(store.edit(0, {Kind::write, "/a", "2"}));
    EXPECT_EQ(store.end(id, true).error(), EAGAIN);
    EXPECT_EQ(store.read(0, "/b").error(), ENOENT);
}

TEST(XenstoreStore, ATransactionDoesNotSeeWhatCameAfterItsStart) {
    XenstoreStore store;
    const auto id = store.begin();
    ASSERT_TRUE(store.edit(0, {Kind::write, "/a", "1"}));
    EXPECT_EQ(store.read(id, "/a").error(), ENOENT);
    EXPECT_EQ(store.end(id, true).error(), EAGAIN);
}

TEST(XenstoreStore, ANodeRemovedUnderATransactionIsAConflict) {
    XenstoreStore store;
    ASSERT_TRUE(store.edit(0, {Kind::write, "/a/b", "1"}));
    const auto id = store.begin();
    EXPECT_EQ(store.read(id, "/a/b"), "1");
    ASSERT_TRUE(store.edit(0, {Kind::remove, "/a/b"}));
    EXPECT_EQ(store.end(id, true).error(), EAGAIN);
}

TEST(XenstoreStore, TransactionsThatMakeSiblingsCollide) {
    XenstoreStore store;
    ASSERT_TRUE(store.edit(0, {Kind::make, "/local"}));
    const auto one = store.begin();
    const auto other = store.begin();
    ASSERT_TRUE(store.edit(one, {Kind::make, "/local/1"}));
    ASSERT_TRUE(store.edit(other, {Kind::make, "/local/2"}));
    EXPECT_TRUE(store.end(one, true));
    EXPECT_EQ(store.end(other, true).error(), EAGAIN);
}

TEST(XenstoreStore, ATransactionMayReadThroughWhatItMadeAndRemoved) {
    XenstoreStore store;
    ASSERT_TRUE(store.edit(0, {Kind::write, "/old/x", "1"}));
    const auto id = store.begin();
    ASSERT_TRUE(store.edit(id, {Kind::write, "/new/x", "1"}));
    EXPECT_EQ(store.read(id, "/new"), "");
    ASSERT_TRUE(store.edit(id, {Kind::remove, "/old"}));
    EXPECT_EQ(store.read(id, "/old/x").error(), ENOENT);
    EXPECT_TRUE(store.end(id, true));
    EXPECT_EQ(store.children(0, "/"), std::vector<std::string>{"new"});
}

TEST(XenstoreStore, TransactionsOnDifferentNodesPassEachOther) {
    XenstoreStore store;
    for (const auto* const path : {"/a", "/b"})
        ASSERT_TRUE(store.edit(0, {Kind::write, path, "0"}));
    const auto one = store.begin();
    const auto other = store.begin();
    ASSERT_TRUE(store.edit(one, {Kind::write, "/a", "1"}));
    ASSERT_TRUE(store.edit(other, {Kind::write, "/b", "2"}));
    EXPECT_TRUE(store.end(one, true));
    EXPECT_TRUE(store.end(other, true));
    EXPECT_EQ(store.read(0, "/a"), "1");
    EXPECT_EQ(store.read(0, "/b"), "2");
}

// Counters that transactions increment: whatever overlaps, an increment that was committed is never lost.
RC_GTEST_PROP(XenstoreStoreProperty, CommittedIncrementsAreNeverLost, ()) {
    XenstoreStore store;
    const std::vector<std::string> counters{"/a", "/b/c", "/b/d"};
    std::map<std::string, int> expected;
    struct Increment {
        TransactionId id;
        std::string path;
    };
    std::vector<Increment> open;
    const auto steps = *rc::gen::inRange(0, 60);
    for (int i = 0; i < steps; ++i) {
        if (open.empty() || *rc::gen::arbitrary<bool>()) {
            const auto id = store.begin();
            const auto path = *rc::gen::elementOf(counters);
            const auto value = std::stoi(store.read(id, path).value_or("0"));
            RC_ASSERT(store.edit(id, {Kind::write, path, std::to_string(value + 1)}).has_value());
            open.push_back({id, path});
        } else {
            const auto which = open.begin() + *rc::gen::inRange<std::ptrdiff_t>(0, std::ssize(open));
            if (store.end(which->id, true)) ++expected[which->path];
            open.erase(which);
        }
    }
    for (const auto& path : counters)
        RC_ASSERT(std::stoi(store.read(0, path).value_or("0")) == expected[path]);
}

}  // namespace
}  // namespace virtlight::fake
