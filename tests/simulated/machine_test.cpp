// SPDX-License-Identifier: LGPL-2.1-or-later
#include "simulated/machine.hpp"

#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "async/virtual_loop.hpp"
#include "simulated/world.hpp"

namespace virtlight::simulated {
namespace {

using hypervisor::StopReason;
using testing::ElementsAre;
using testing::Pair;

/// A machine on which others act, with what it told.
class MachineTest : public testing::Test {
 protected:
    void use(const Settings& settings) {
        machine_.emplace(loop_, settings);
        machine_->listen([this](DomId domid, Happening what) { told_.emplace_back(domid, what); });
    }
    void SetUp() override { use({}); }

    Machine& machine() { return *machine_; }
    DomId create(std::string name, std::string words = {}) {
        return machine().create(guest_named(std::move(name), std::move(words))).value_or(~DomId{0});
    }
    std::optional<hypervisor::DomainSeen> seen(DomId domid) { return find_domid(machine().look(), domid); }

    async::VirtualLoop loop_;
    std::optional<Machine> machine_;
    std::vector<std::pair<DomId, Happening>> told_;
};

TEST_F(MachineTest, CountsDomidsUpAndBeginsAgainAt1PassingOverTheLiving) {
    use({.last_domid = 3});
    EXPECT_EQ(create("a"), 1u);
    EXPECT_EQ(create("b"), 2u);
    EXPECT_EQ(create("c"), 3u);
    ASSERT_TRUE(machine().destroy(2));
    const auto full = machine().create(guest_named("d"));
    ASSERT_FALSE(full) << "a dying domain keeps its domid";
    EXPECT_EQ(full.error().reason, Reason::operation_failed);
    loop_.run_for(seconds(1));
    EXPECT_EQ(create("d"), 2u);
}

TEST_F(MachineTest, DoesNotUseADomidAgainBeforeAllOthers) {
    EXPECT_EQ(create("a"), 1u);
    ASSERT_TRUE(machine().destroy(1));
    loop_.run_for(seconds(1));
    EXPECT_EQ(create("a"), 2u);
}

TEST_F(MachineTest, AccountsForMemoryUntilADomainIsGone) {
    use({.memory_kib = 1024 * 1024, .dom0_memory_kib = 512 * 1024});
    EXPECT_EQ(machine().memory_free_kib(), 512u * 1024);
    const auto domid = create("a");
    EXPECT_EQ(machine().memory_free_kib(), 448u * 1024);
    ASSERT_TRUE(machine().destroy(domid));
    EXPECT_EQ(machine().memory_free_kib(), 448u * 1024);
    loop_.run_for(seconds(1));
    EXPECT_EQ(machine().memory_free_kib(), 512u * 1024);
}

TEST_F(MachineTest, RefusesADomainForWhichMemoryIsShortAndSaysHowMuch) {
    auto big = guest_named("big");
    big.memory_kib = 100 * 1024 * 1024;
    const auto created = machine().create(big);
    ASSERT_FALSE(created);
    EXPECT_EQ(created.error().reason, Reason::operation_failed);
    EXPECT_THAT(created.error().details, ElementsAre(testing::AllOf(testing::HasSubstr("104857600 KiB"),
                                                                    testing::HasSubstr("3670016 KiB"))));
    EXPECT_EQ(machine().size(), 1u);
    EXPECT_NE(create("big"), ~DomId{0}) << "the name was not taken";
}

TEST_F(MachineTest, ANameIsFreeAsSoonAsItsOwnerIsDying) {
    const auto first = create("a");
    EXPECT_FALSE(machine().create(guest_named("a")));
    EXPECT_FALSE(machine().create(guest_named("Domain-0")));
    ASSERT_TRUE(machine().destroy(first));
    EXPECT_EQ(seen(first)->name, "");
    EXPECT_TRUE(seen(first)->dying);
    EXPECT_TRUE(machine().create(guest_named("a")));
}

TEST_F(MachineTest, RenamingFreesTheOldNameAndRespectsOthers) {
    const auto a = create("a");
    create("b");
    const auto taken = machine().rename(a, "b");
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().reason, Reason::operation_failed);
    EXPECT_TRUE(machine().rename(a, "a"));
    EXPECT_TRUE(machine().rename(a, "c"));
    EXPECT_EQ(seen(a)->name, "c");
    EXPECT_EQ(machine().describe(a)->name, "c");
    EXPECT_TRUE(machine().create(guest_named("a")));
    EXPECT_FALSE(machine().create(guest_named("c")));
}

TEST_F(MachineTest, TellsOfALifeInOrder) {
    const auto domid = create("a");
    ASSERT_TRUE(machine().ask(domid, StopReason::poweroff));
    loop_.run_for(seconds(1));
    EXPECT_EQ(seen(domid)->stopped, StopReason::poweroff);
    ASSERT_TRUE(machine().destroy(domid));
    loop_.run_for(seconds(1));
    EXPECT_FALSE(seen(domid));
    EXPECT_THAT(told_, ElementsAre(Pair(domid, Happening::introduced), Pair(domid, Happening::acknowledged),
                                   Pair(domid, Happening::stopped), Pair(domid, Happening::dying),
                                   Pair(domid, Happening::gone)));
}

TEST_F(MachineTest, SaysNothingOfWhatXenTellsNobody) {
    const auto domid = create("a");
    told_.clear();
    ASSERT_TRUE(machine().pause(domid));
    ASSERT_TRUE(machine().unpause(domid));
    ASSERT_TRUE(machine().rename(domid, "b"));
    loop_.run_for(seconds(1));
    EXPECT_TRUE(told_.empty());
}

TEST_F(MachineTest, DestroyingWhatIsDyingIsToldOnce) {
    const auto domid = create("a");
    told_.clear();
    EXPECT_TRUE(machine().destroy(domid));
    EXPECT_TRUE(machine().destroy(domid));
    loop_.run_for(seconds(1));
    EXPECT_THAT(told_, ElementsAre(Pair(domid, Happening::dying), Pair(domid, Happening::gone)));
}

TEST_F(MachineTest, ACrashIsSeenAndToldOnce) {
    const auto domid = create("a");
    told_.clear();
    EXPECT_TRUE(machine().stop(domid, StopReason::crash));
    EXPECT_TRUE(machine().stop(domid, StopReason::reboot));
    EXPECT_EQ(seen(domid)->stopped, StopReason::crash);
    EXPECT_FALSE(seen(domid)->running);
    EXPECT_THAT(told_, ElementsAre(Pair(domid, Happening::stopped)));
}

TEST_F(MachineTest, TheClockOfAPausedGuestStandsStill) {
    const auto domid = create("a", "sim:crash-after=10");
    loop_.run_for(seconds(6));
    ASSERT_TRUE(machine().pause(domid));
    loop_.run_for(seconds(60));
    EXPECT_FALSE(seen(domid)->stopped);
    EXPECT_EQ(seen(domid)->cpu_time, seconds(6));
    ASSERT_TRUE(machine().unpause(domid));
    loop_.run_for(milliseconds(3999));
    EXPECT_FALSE(seen(domid)->stopped);
    loop_.run_for(milliseconds(1));
    EXPECT_EQ(seen(domid)->stopped, StopReason::crash);
}

TEST_F(MachineTest, ADyingGuestDoesNothingMore) {
    const auto domid = create("a", "sim:crash-after=0.005");
    ASSERT_TRUE(machine().ask(domid, StopReason::poweroff));
    ASSERT_TRUE(machine().destroy(domid));
    told_.clear();
    loop_.run_for(seconds(1));
    EXPECT_THAT(told_, ElementsAre(Pair(domid, Happening::gone)));
}

TEST_F(MachineTest, NobodyActsOnDomain0) {
    const std::vector<Result<>> results = {machine().destroy(0),
                                           machine().pause(0),
                                           machine().unpause(0),
                                           machine().rename(0, "x"),
                                           machine().stop(0, StopReason::crash),
                                           machine().ask(0, StopReason::poweroff)};
    for (const auto& result : results) {
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().reason, Reason::operation_failed);
    }
    EXPECT_EQ(machine().describe(0)->name, "Domain-0");
}

TEST_F(MachineTest, AHalfMadeDomainIsListedButNotDescribed) {
    const auto begun = machine().begin(guest_named("a"));
    ASSERT_TRUE(begun);
    EXPECT_TRUE(seen(begun->domid)->paused);
    EXPECT_EQ(seen(begun->domid)->name, "a");
    EXPECT_EQ(machine().describe(begun->domid).error().reason, Reason::invalid_state);
    EXPECT_TRUE(told_.empty());
    ASSERT_TRUE(machine().introduce(*begun));
    EXPECT_TRUE(machine().describe(begun->domid));
}

TEST_F(MachineTest, AHalfMadeDomainIsNotTakenForTheNextOwnerOfItsDomid) {
    use({.last_domid = 1});
    const auto begun = machine().begin(guest_named("a"));
    ASSERT_TRUE(begun);
    ASSERT_TRUE(machine().destroy(begun->domid));
    EXPECT_FALSE(machine().introduce(*begun));
    loop_.run_for(seconds(1));
    ASSERT_EQ(create("b"), begun->domid);
    EXPECT_FALSE(machine().introduce(*begun));
    EXPECT_FALSE(machine().created(*begun));
    EXPECT_FALSE(machine().discard(*begun));
    EXPECT_EQ(seen(begun->domid)->name, "b");
}

TEST_F(MachineTest, NoTwoGuestsHaveOneVncPort) {
    const auto shown = [this](std::string name, domain::Vnc vnc) -> std::optional<unsigned> {
        auto guest = guest_named(std::move(name));
        guest.graphics.vnc = std::move(vnc);
        const auto domid = machine().create(guest);
        if (!domid) return std::nullopt;
        return machine().describe(*domid)->graphics.vnc->port;
    };
    EXPECT_EQ(shown("fixed", {.autoport = false, .port = 5901}), 5901u);
    EXPECT_EQ(shown("first", {}), 5900u);
    EXPECT_EQ(shown("next", {.port = 5900}), 5902u) << "what it had before says nothing";
    EXPECT_EQ(shown("late", {.autoport = false, .port = 5902}), std::nullopt);
}

TEST_F(MachineTest, ChanceComesOnlyFromTheOneWhoVariesTheTimes) {
    use({.vary = [](Duration usual) { return 3 * usual; }});
    const auto domid = create("a");
    ASSERT_TRUE(machine().ask(domid, StopReason::poweroff));
    loop_.run_for(milliseconds(914));
    EXPECT_FALSE(seen(domid)->stopped);
    loop_.run_for(milliseconds(1));
    EXPECT_EQ(seen(domid)->stopped, StopReason::poweroff);
}

TEST_F(MachineTest, MayBeTakenAwayWhileGuestsAreBusy) {
    const auto domid = create("a", "sim:crash-after=10");
    ASSERT_TRUE(machine().destroy(create("b")));
    ASSERT_TRUE(machine().ask(domid, StopReason::poweroff));
    machine_.reset();
    loop_.run_for(seconds(60));
}

TEST_F(MachineTest, ASoftResetBeginsAnewInTheSameDomainAndOnlyWhenTheGuestWaitsForIt) {
    const auto domid = create("a", "sim:soft-reset-after=5");
    EXPECT_EQ(machine().soft_reset(domid).error().reason, Reason::invalid_state);
    loop_.run_for(seconds(6));
    EXPECT_EQ(seen(domid)->stopped, StopReason::soft_reset);
    ASSERT_TRUE(machine().soft_reset(domid));
    EXPECT_FALSE(seen(domid)->stopped);
    EXPECT_TRUE(seen(domid)->paused);
    ASSERT_TRUE(machine().unpause(domid));
    loop_.run_for(seconds(4));
    EXPECT_FALSE(seen(domid)->stopped) << "its time has begun anew, too";
    loop_.run_for(seconds(2));
    EXPECT_EQ(seen(domid)->stopped, StopReason::soft_reset);
}

}  // namespace
}  // namespace virtlight::simulated
