// SPDX-License-Identifier: LGPL-2.1-or-later
#include "console/histories.hpp"

#include <gtest/gtest.h>

#include "base/file.hpp"
#include "base/limits.hpp"
#include "base/temporary_folder.hpp"
#include "console/moments.hpp"

namespace virtlight::console {
namespace {

TEST(Histories, AreCutAndNotDroppedWhenLessIsToBeKept) {
    const ::virtlight::test::TemporaryFolder folder;
    Ring ring(HistorySize::of(limits::console_history_max));
    ring.append(std::string(1024 * 1024, '.') + "the end", test::at_ms(1));
    auto image = ring.image();
    Ring::seal(image);
    const HistoryKey key{Uuid::random(), "console0"};
    ASSERT_TRUE(write_file(history_path(folder.path(), key), image));

    const auto kept = read_histories(folder.path(), HistorySize::of(limits::console_history_min));
    ASSERT_TRUE(kept.problems.empty()) << kept.problems.front();
    ASSERT_EQ(kept.histories.size(), 1u);
    const auto& cut = kept.histories.front().ring;
    EXPECT_EQ(cut.end(), ring.end());
    EXPECT_EQ(cut.read(cut.end() - 7, 7).bytes, "the end");
}

TEST(Histories, AreNoneWhereThereIsNoFolderYet) {
    const ::virtlight::test::TemporaryFolder folder;
    const auto kept = read_histories(folder.path() / "missing", {});
    EXPECT_TRUE(kept.histories.empty());
    EXPECT_TRUE(kept.problems.empty());
}

TEST(Histories, ThatCannotBeListedAreAProblem) {
    const ::virtlight::test::TemporaryFolder folder;
    const auto file = folder.path() / "file";
    ASSERT_TRUE(write_file(file, "no folder"));
    EXPECT_EQ(read_histories(file, {}).problems, std::vector{file.string() + ": Not a directory"});
}

}  // namespace
}  // namespace virtlight::console
