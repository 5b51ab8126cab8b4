// SPDX-License-Identifier: LGPL-2.1-or-later
#include "console/history_keeper.hpp"

#include <deque>
#include <map>

#include <gtest/gtest.h>

#include "base/temporary_folder.hpp"
#include "console/loop_test.hpp"
#include "console/moments.hpp"

// Which histories are written when.

namespace virtlight::console {
namespace {

/// A disk that does its works when a test says so.
class DiskInSteps final : public async::Blocking {
 public:
    void submit(async::Work work) override { works_.push_back(std::move(work)); }
    bool idle() const { return works_.empty(); }
    void do_one() {
        auto work = std::move(works_.front());
        works_.pop_front();
        work();
    }

 private:
    std::deque<async::Work> works_;
};

class HistoryKeeperTest : public test::LoopTest {
 public:
    const Ring* now(const HistoryKey& key) const {
        const auto found = consoles.find(key);
        return found == consoles.end() ? nullptr : &found->second;
    }
    void say(const HistoryKey& key) {
        const auto [console, anew] = consoles.try_emplace(key, HistorySize());
        console->second.append("words", test::at_ms(1));
        keeper.changed(key);
    }
    bool is_kept(const HistoryKey& key) const { return exists(history_path(folder.path(), key)); }
    async::Task<> until_written() {
        co_await until([this] { return !disk.idle(); });
        disk.do_one();
        co_await turn();
    }

    const virtlight::test::TemporaryFolder folder;
    DiskInSteps disk;
    Settings settings{.save_delay = std::chrono::hours(1)};
    std::map<HistoryKey, Ring> consoles;
    HistoryKeeper keeper{loop, disk, folder.path(), settings,
                         [this](const HistoryKey& key) { return now(key); }};
    const HistoryKey web{Uuid::random(), "console0"};
    const HistoryKey shop{Uuid::random(), "console0"};

    friend struct HistoryKeeperBodies;
};

struct HistoryKeeperBodies {
    static async::Task<> soon_behind_another(HistoryKeeperTest& t) {
        t.say(t.web);
        t.keeper.save_soon();
        co_await t.until([&t] { return !t.disk.idle(); });
        t.say(t.shop);
        t.keeper.save_soon();
        co_await t.until_written();
        EXPECT_TRUE(t.is_kept(t.web));
        co_await t.until_written();
        EXPECT_TRUE(t.is_kept(t.shop)) << "it does not wait for the delay";
    }

    static async::Task<> dropped(HistoryKeeperTest& t) {
        t.say(t.web);
        t.keeper.save_soon();
        co_await t.until([&t] { return !t.disk.idle(); });
        t.consoles.erase(t.web);
        t.keeper.drop(t.web);
        co_await t.until_written();
        EXPECT_TRUE(t.is_kept(t.web)) << "that was under way";
        co_await t.until_written();
        EXPECT_FALSE(t.is_kept(t.web));
        EXPECT_TRUE(t.disk.idle());
    }
};

TEST_F(HistoryKeeperTest, WhatIsToBeWrittenSoonWaitsOnlyForWhatIsBeingWritten) {
    run(HistoryKeeperBodies::soon_behind_another(*this));
}

TEST_F(HistoryKeeperTest, WhatIsDroppedWhileItIsWrittenIsRemovedBehindThat) {
    run(HistoryKeeperBodies::dropped(*this));
}

}  // namespace
}  // namespace virtlight::console
