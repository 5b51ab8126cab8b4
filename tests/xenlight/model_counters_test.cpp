// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/model_counters.hpp"

#include <array>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "async/scope.hpp"
#include "base/limits.hpp"
#include "base/temporary_folder.hpp"
#include "base/unix_address.hpp"
#include "xenlight/poll_loop.hpp"
#include "xenlight/qmp.hpp"

namespace virtlight::xenlight {
namespace {

using hypervisor::DomId;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// A device model that says something when the test lets it.
class CountingModel {
 public:
    explicit CountingModel(const std::filesystem::path& path)
        : listener_(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0)) {
        if (UnixAddress::of(path)->bind(listener_) != 0 || ::listen(listener_.get(), 5) != 0) std::abort();
    }

    /// What the next one who came has asked; empty: nobody has come.
    std::string take() {
        client_.reset(::accept(listener_.get(), nullptr, nullptr));
        std::array<char, 4096> bytes;
        const auto got = client_ ? ::recv(client_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT) : 0;
        return {bytes.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0))};
    }
    void say(std::string_view text) const {
        ASSERT_EQ(::send(client_.get(), text.data(), text.size(), MSG_NOSIGNAL), std::ssize(text));
    }
    void answer(int reads) const {
        say("{\"QMP\": {}}\r\n{\"return\": {}}\r\n{\"event\": \"RESUME\"}\r\n");
        say(fmt::format(
            "{{\"return\": [{{\"node-name\": \"xvda-raw\", \"stats\": {{\"rd_operations\": {}}}}}]}}"
            "\r\n",
            reads));
    }
    void hang_up() { client_.reset(); }

 private:
    Fd listener_;
    Fd client_;
};

class ModelCountersTest : public testing::Test {
 protected:
    ~ModelCountersTest() override { scope.drop(); }

    /// True if it has ended when nothing is left to do but to wait.
    bool refreshed(const ModelCounters::Guest& whose, Duration patience = limits::qmp_patience) {
        ended = false;
        scope.spawn(refresh(*this, whose, patience));
        loop.run_for({});
        return ended;
    }
    static async::Task<> refresh(ModelCountersTest& t, ModelCounters::Guest whose, Duration patience) {
        std::vector<ModelCounters::Guest> guests{whose};
        co_await t.counters.refresh(std::move(guests), patience);
        t.ended = true;
    }
    bool ends_now() {
        loop.run_for({});
        return ended;
    }
    std::vector<std::uint64_t> reads(const ModelCounters::Guest& whose) const {
        std::vector<std::uint64_t> all;
        for (const auto& disk : counters.of(whose))
            all.push_back(disk.figures.read.requests);
        return all;
    }

    const ModelCounters::Guest guest{7, Uuid::random()};
    test::TemporaryFolder folder;
    test::PollLoop loop;
    ModelCounters counters{loop, folder.path()};
    async::Scope scope;
    CountingModel model{measuring_socket(7, folder.path())};
    bool ended = false;
};

TEST_F(ModelCountersTest, AreWhatTheDeviceModelSays) {
    EXPECT_FALSE(refreshed(guest)) << "it has not answered yet";
    EXPECT_THAT(model.take(), testing::AllOf(HasSubstr("qmp_capabilities"), HasSubstr("query-blockstats")));
    model.answer(3);
    EXPECT_TRUE(ends_now());
    EXPECT_THAT(reads(guest), ElementsAre(3));
    EXPECT_EQ(loop.watches(), 0u);
}

TEST_F(ModelCountersTest, OfOneThatHangsAreTheLastOnesAndItIsWaitedForOnce) {
    EXPECT_FALSE(refreshed(guest));
    model.take();
    model.answer(3);
    EXPECT_TRUE(ends_now());

    EXPECT_FALSE(refreshed(guest));
    loop.run_for(limits::qmp_patience);
    EXPECT_TRUE(ended);
    EXPECT_THAT(reads(guest), ElementsAre(3));
    EXPECT_THAT(model.take(), HasSubstr("query-blockstats"));
    EXPECT_TRUE(refreshed(guest)) << "it is being asked for long";
    loop.run_for(limits::qmp_answer);
    EXPECT_TRUE(refreshed(guest)) << "it did not answer the last time";
    EXPECT_THAT(model.take(), HasSubstr("query-blockstats")) << "but it is asked again";
    EXPECT_THAT(model.take(), IsEmpty()) << "one question at a time";
}

TEST_F(ModelCountersTest, AreWaitedForAgainWhenTheDeviceModelAnswersAgain) {
    EXPECT_FALSE(refreshed(guest));
    loop.run_for(limits::qmp_answer);
    model.take();
    EXPECT_TRUE(refreshed(guest));
    model.take();
    model.answer(4);
    loop.run_for({});
    EXPECT_THAT(reads(guest), ElementsAre(4));
    EXPECT_FALSE(refreshed(guest));
}

TEST_F(ModelCountersTest, AreNotWaitedForWithoutPatience) {
    EXPECT_TRUE(refreshed(guest, {}));
    model.take();
    model.answer(3);
    loop.run_for({});
    EXPECT_THAT(reads(guest), ElementsAre(3));
}

TEST_F(ModelCountersTest, OfOneWhoSaysSomethingElseOrHangsUpAreTheLastOnes) {
    refreshed(guest);
    model.take();
    model.answer(3);
    EXPECT_TRUE(ends_now());
    for (const auto* const nonsense : {"what?\n", "[]\n", "{\"error\": {}}\n"}) {
        refreshed(guest);
        model.take();
        model.say(nonsense);
        EXPECT_TRUE(ends_now()) << nonsense;
        EXPECT_EQ(loop.watches(), 0u) << nonsense;
    }
    refreshed(guest);
    model.take();
    model.hang_up();
    EXPECT_TRUE(ends_now());
    EXPECT_EQ(loop.watches(), 0u);
    EXPECT_THAT(reads(guest), ElementsAre(3));
}

TEST_F(ModelCountersTest, OfOneWhoTalksWithoutEndAreTheLastOnes) {
    refreshed(guest);
    model.take();
    const std::string chunk(64 * 1024, 'x');
    for (std::size_t said = 0; loop.watches() > 0 && said < 2 * limits::qmp_bytes; said += chunk.size()) {
        model.say(chunk);
        loop.run_for({});
    }
    EXPECT_EQ(loop.watches(), 0u);
}

TEST_F(ModelCountersTest, OfAGuestAreNotThoseOfTheOneThatHadItsDomid) {
    refreshed(guest);
    model.take();
    model.answer(3);
    loop.run_for({});
    const ModelCounters::Guest other{7, Uuid::random()};
    EXPECT_THAT(reads(other), IsEmpty());
    EXPECT_FALSE(refreshed(other));
    EXPECT_THAT(reads(guest), IsEmpty());
    counters.keep({8});
    model.take();
    model.answer(5);
    EXPECT_TRUE(ends_now());
    EXPECT_THAT(reads(other), ElementsAre(5)) << "one that is being asked is kept";
    counters.keep({8});
    EXPECT_THAT(reads(other), IsEmpty());
}

TEST_F(ModelCountersTest, OfAGuestWithoutADeviceModelAreNone) {
    const ModelCounters::Guest none{8, Uuid::random()};
    EXPECT_TRUE(refreshed(none));
    EXPECT_THAT(reads(none), IsEmpty());
}

TEST_F(ModelCountersTest, GuestsWithADeviceModelAreKnownByItsSocket) {
    for (const auto* const name : {"qmp-libxl-3", "qmp-libxenstat-12", "qmp-libxenstat-x", "qmp-libxenstat-"})
        std::ofstream(folder.path() / name) << "";
    EXPECT_THAT(guests_with_models(folder.path()), ElementsAre(7, 12));
    EXPECT_THAT(guests_with_models(folder.path() / "none"), IsEmpty());
}

}  // namespace
}  // namespace virtlight::xenlight
