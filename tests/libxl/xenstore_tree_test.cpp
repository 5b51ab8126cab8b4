// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libxl/xenstore_tree.hpp"

#include <cerrno>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace virtlight::fake {
namespace {

using Kind = Edit::Kind;

std::vector<std::string> paths(const Answer<std::vector<Change>>& changes) {
    std::vector<std::string> told;
    for (const auto& change : changes.value())
        told.push_back(change.path + (change.exact ? " exact" : ""));
    return told;
}

TEST(XenstoreTree, AWriteMakesTheNodeAndItsParents) {
    XenstoreTree tree;
    EXPECT_EQ(paths(tree.apply({Kind::write, "/a/b/c", "value"})), std::vector<std::string>{"/a/b/c"});
    EXPECT_EQ(tree.read("/a/b/c"), "value");
    EXPECT_EQ(tree.read("/a"), "");
    EXPECT_EQ(tree.read("/a/c").error(), ENOENT);
}

TEST(XenstoreTree, ListsTheChildrenAndNotWhatIsBelowThem) {
    XenstoreTree tree;
    for (const auto* const path : {"/a/b/c", "/a/b-1", "/a/b/d/e", "/ab"})
        ASSERT_TRUE(tree.apply({Kind::make, path}));
    EXPECT_EQ(tree.children("/a"), (std::vector<std::string>{"b", "b-1"}));
    EXPECT_EQ(tree.children("/a/b"), (std::vector<std::string>{"c", "d"}));
    EXPECT_EQ(tree.children("/"), (std::vector<std::string>{"a", "ab"}));
    EXPECT_EQ(tree.children("/none").error(), ENOENT);
}

TEST(XenstoreTree, RemovingANodeTakesWhatIsBelowAndTellsOfEach) {
    XenstoreTree tree;
    ASSERT_TRUE(tree.apply({Kind::make, "/a/b/c"}));
    ASSERT_TRUE(tree.apply({Kind::make, "/a/bc"}));
    EXPECT_EQ(paths(tree.apply({Kind::remove, "/a/b"})), (std::vector<std::string>{"/a/b", "/a/b/c exact"}));
    EXPECT_EQ(tree.children("/a"), std::vector<std::string>{"bc"});
}

TEST(XenstoreTree, RemovingWhatIsNotThereIsFineUnderAParentThatIs) {
    XenstoreTree tree;
    EXPECT_TRUE(tree.apply({Kind::remove, "/a"}).value().empty());
    EXPECT_EQ(tree.apply({Kind::remove, "/a/b"}).error(), ENOENT);
    EXPECT_EQ(tree.apply({Kind::remove, "/"}).error(), EINVAL);
}

TEST(XenstoreTree, MakingANodeThatIsThereChangesNothing) {
    XenstoreTree tree;
    ASSERT_TRUE(tree.apply({Kind::write, "/a", "value"}));
    EXPECT_TRUE(tree.apply({Kind::make, "/a"}).value().empty());
    EXPECT_EQ(tree.read("/a"), "value");
}

TEST(XenstoreTree, ANewChildIsAChangeOfItsParent) {
    XenstoreTree tree;
    ASSERT_TRUE(tree.apply({Kind::make, "/a"}));
    const auto before = tree.generation("/a");
    ASSERT_TRUE(tree.apply({Kind::make, "/a/b"}));
    EXPECT_GT(tree.generation("/a"), before);
    EXPECT_EQ(tree.generation("/none"), 0U);
}

TEST(XenstoreTree, KnowsAPathFromNonsense) {
    for (const auto* const path : {"/", "/a", "/local/domain/1/device/vif-0_x@"})
        EXPECT_TRUE(XenstoreTree::valid(path)) << path;
    for (const auto* const path : {"", "a", "/a/", "//", "/a//b", "/a b", "/\xff"})
        EXPECT_FALSE(XenstoreTree::valid(path)) << path;
}

RC_GTEST_PROP(XenstoreTreeProperty, EveryNodeHasAParentThatListsIt, ()) {
    XenstoreTree tree;
    std::vector<std::string> all{"/"};
    const auto edits = *rc::gen::inRange(0, 40);
    for (int i = 0; i < edits; ++i) {
        const auto base = *rc::gen::elementOf(all);
        const auto name = std::string(1, *rc::gen::inRange('a', 'd'));
        const auto path = base == "/" ? "/" + name : base + "/" + name;
        const auto kind = *rc::gen::element(Kind::write, Kind::make, Kind::remove);
        if (tree.apply({kind, path}) && kind != Kind::remove) all.push_back(path);
    }
    std::size_t listed = 1;
    for (std::vector<std::string> todo{"/"}; !todo.empty();) {
        const auto path = todo.back();
        todo.pop_back();
        for (const auto& name : tree.children(path).value()) {
            ++listed;
            todo.push_back(path == "/" ? "/" + name : path + "/" + name);
            RC_ASSERT(tree.read(todo.back()).has_value());
        }
    }
    RC_ASSERT(listed == tree.size());
}

}  // namespace
}  // namespace virtlight::fake
