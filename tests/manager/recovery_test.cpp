// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <functional>
#include <set>
#include <string>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "manager/restart_test.hpp"

// What a daemon knows of the domains and guests that it finds.

namespace virtlight::manager {
namespace {

using domain::RunningReason;
using domain::ShutoffReason;
using domain::Status;
using hypervisor::StopReason;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST_F(Restart, FindsTheStoredDomains) {
    start_up();
    const auto web = defined("web");
    end_of(manager->set_autostart(defined("db").uuid, false)).value();
    restart();
    EXPECT_EQ(manager->definition(web.uuid, Which::stored), web);
    EXPECT_TRUE(info(web).persistent);
    EXPECT_EQ(manager->list().size(), 3u);
    EXPECT_THAT(events(), IsEmpty());
}

TEST_F(Restart, TakesUpManyDefinitionsWithOtherWorkBetween) {
    constexpr std::size_t steps = 3;
    constexpr auto count = (steps - 1) * limits::restored_per_step + 10;
    for (std::size_t i = 0; i < count; ++i) {
        const auto guest = guest_named("domain-" + std::to_string(i));
        store.domains[guest.uuid] = {guest};
    }
    constexpr auto with_domain_0 = count + 1;
    std::set<std::size_t> shown;
    const std::function<void()> other = [&] {
        shown.insert(manager->list().size());
        if (*shown.rbegin() < with_domain_0) loop.post(other);
    };
    prepare = [&] { loop.post(other); };
    start_up();
    prepare = [] {};
    EXPECT_THAT(shown, ElementsAre(0u, limits::restored_per_step + 1, 2 * limits::restored_per_step + 1,
                                   with_domain_0));
}

TEST_F(Restart, TakesTheFirstByUuidOfTwoDomainsWithOneName) {
    auto first = guest_named("web");
    auto second = guest_named("web");
    first.uuid.bytes[0] = 1;
    second.uuid.bytes[0] = 2;
    store.domains[second.uuid] = {second};
    store.domains[first.uuid] = {first};
    log::set_level(log::Level::error);
    start_up();
    EXPECT_EQ(manager->find_by_name("web")->uuid, first.uuid);
    EXPECT_FALSE(exists(second));
    EXPECT_EQ(store.domains.size(), 2u) << "left alone";
}

TEST_F(Restart, ShowsDomain0UnderTheUuidThatItHasInXen) {
    const auto uuid = guest_named("the host").uuid;
    xen.truth.at(0).uuid = uuid;
    start_up();
    look();
    xen.truth.at(0).memory_kib /= 2;
    look();
    EXPECT_EQ(manager->list().size(), 1u);
    const auto dom0 = manager->find_by_name("Domain-0").value();
    EXPECT_EQ(dom0.uuid, uuid);
    EXPECT_EQ(dom0.domid, 0);
    EXPECT_EQ(dom0.memory_kib, xen.truth.at(0).memory_kib) << "and follows it";
    EXPECT_EQ(end_of(manager->destroy(uuid)).error().reason, Reason::invalid_state);
    EXPECT_EQ(xen.count("describe"), 0u);
    EXPECT_THAT(events(), ElementsAre(fmt::format("Domain-0 MEMORY {}", dom0.memory_kib)));
}

TEST_F(Restart, DoesNotTouchTheGuestsAndFollowsThemAgain) {
    start_up();
    const auto guest = running("web");
    restart();
    EXPECT_EQ(info(guest).domid, 1);
    EXPECT_EQ(info(guest).status, Status(RunningReason::unknown));
    EXPECT_EQ(xen.count("create"), 1u);
    EXPECT_EQ(xen.count("destroy"), 0u);
    EXPECT_EQ(xen.count("describe"), 0u) << "the store knows more than Xen";
    EXPECT_THAT(xen.followed(), ElementsAre(1u));
    EXPECT_THAT(events(), IsEmpty());
    xen.stop(1, StopReason::poweroff);
    settle();
    EXPECT_THAT(events(), ElementsAre("web STOPPED/0"));
}

TEST_F(Restart, KeepsTheDefinitionOfATransientGuest) {
    start_up();
    const auto guest = guest_named("web");
    end_of(manager->create(guest, {.paused = true})).value();
    restart();
    EXPECT_EQ(info(guest).status.state, domain::State::paused);
    EXPECT_FALSE(info(guest).persistent);
    EXPECT_EQ(manager->definition(guest.uuid, Which::live)->boot, guest.boot);
    EXPECT_EQ(manager->definition(guest.uuid, Which::live)->consoles[0].tty, "/dev/pts/1");
}

TEST_F(Restart, KeepsTheLiveDefinitionApartFromTheStoredOne) {
    start_up();
    auto guest = running("web");
    guest.vcpus_max = 4;
    end_of(manager->define(guest)).value();
    restart();
    EXPECT_EQ(manager->definition(guest.uuid, Which::live)->vcpus_max, 1u);
    EXPECT_EQ(manager->definition(guest.uuid, Which::stored)->vcpus_max, 4u);
    EXPECT_TRUE(manager->is_updated(guest.uuid).value());
}

TEST_F(Restart, ForgetsAGuestThatHasEndedMeanwhile) {
    start_up();
    const auto persistent = running("web");
    const auto transient = guest_named("brief");
    end_of(manager->create(transient, {})).value();
    xen.on_attention([] {});
    xen.truth.erase(1);
    xen.truth.erase(2);
    restart();
    EXPECT_EQ(info(persistent).domid, -1);
    EXPECT_FALSE(exists(transient));
    EXPECT_TRUE(store.lives.empty());
    EXPECT_TRUE(end_of(manager->start(persistent.uuid, {})));
}

TEST_F(Restart, ForgetsManyGuestsThatAreNoMoreWithOtherWorkBetween) {
    constexpr auto count = 2 * limits::restored_per_step + 10;
    for (std::size_t i = 0; i < count; ++i) {
        const auto guest = guest_named("domain-" + std::to_string(i));
        store.domains[guest.uuid] = {guest};
        store.lives[guest.uuid] = {guest, static_cast<hypervisor::DomId>(i + 1)};
    }
    std::size_t at_once = 0;
    std::size_t left = count;
    const std::function<void()> other = [&] {
        at_once = std::max(at_once, left - store.lives.size());
        left = store.lives.size();
        if (left > 0) loop.post(other);
    };
    prepare = [&] { loop.post(other); };
    start_up();
    prepare = [] {};
    EXPECT_EQ(left, 0u);
    EXPECT_LE(at_once, limits::restored_per_step);
}

TEST_F(Restart, CleansUpAfterAGuestThatHasStoppedMeanwhile) {
    start_up();
    const auto guest = running("web");
    xen.truth.at(1).stopped = StopReason::poweroff;
    xen.on_attention([] {});
    restart();
    look();
    EXPECT_EQ(info(guest).status, Status(ShutoffReason::shutdown));
    EXPECT_EQ(xen.truth.size(), 1u);
}

TEST_F(Restart, LeavesAGuestPausedThatHasRun) {
    start_up();
    const auto guest = running("web");
    ASSERT_TRUE(end_of(manager->suspend(guest.uuid)));
    restart();
    settle();
    EXPECT_EQ(info(guest).domid, 1);
    EXPECT_EQ(info(guest).status.state, domain::State::paused);
}

TEST_F(Restart, LeavesAGuestPausedThatWasPausedBeforeItHadAProcessor) {
    start_up();
    const auto guest = running("web");
    ASSERT_TRUE(end_of(manager->suspend(guest.uuid)));
    xen.truth.at(1).cpu_time = {};
    restart();
    settle();
    EXPECT_EQ(info(guest).domid, 1);
    EXPECT_EQ(info(guest).status.state, domain::State::paused);
}

TEST_F(Restart, LeavesAGuestPausedThatWasStartedSo) {
    start_up();
    const auto guest = defined("web");
    ASSERT_TRUE(end_of(manager->start(guest.uuid, {.paused = true})));
    restart();
    settle();
    EXPECT_EQ(info(guest).domid, 1);
    EXPECT_EQ(info(guest).status.state, domain::State::paused);
}

TEST_F(Restart, FailsIfTheHypervisorDoesNotAnswer) {
    xen.fail_next("look", {Reason::internal, "no xenstore"});
    Manager other(loop, xen, store);
    const auto failed = end_of(other.start_up());
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().message, "no xenstore");
}

// Other tools' guests

TEST_F(Restart, FindsTheDomainsOfOtherToolsBeforeAnybodyAsks) {
    const auto guest = guest_named("xl-made");
    xen.make(guest);
    start_up();
    EXPECT_TRUE(exists(guest));
}

TEST_F(Restart, FindsThemAllThoughTheyAreMoreThanAreDescribedAtOnce) {
    std::vector<domain::Definition> guests;
    for (std::size_t i = 0; i < 2 * limits::adoptions_at_once; ++i) {
        guests.push_back(guest_named("xl-made-" + std::to_string(i)));
        xen.make(guests.back());
    }
    // The second half takes its time.
    xen.before_effect = [this](const std::string& call) {
        if (call == "describe") xen.hold(call);
    };
    loop.call_at(loop.now() + seconds(1), [this] {
        xen.before_effect = [](const std::string&) {};
        xen.release("describe");
    });
    start_up();
    for (const auto& guest : guests)
        EXPECT_TRUE(exists(guest)) << guest.name;
}

TEST_F(Restart, IsNotHeldUpByADescriptionThatHangs) {
    xen.make(guest_named("odd"));
    xen.hold("describe");
    const auto before = loop.now();
    start_up();
    EXPECT_LE(loop.now() - before, limits::adoption_wait + seconds(1));
    xen.release("describe");
    look();
    EXPECT_TRUE(exists(guest_named("odd")));
}

TEST_F(Restart, DoesNotTakeAnotherLifeOfTheSameDomainForItsOwn) {
    start_up();
    auto guest = running("web");
    guest.on_reboot = domain::LifecycleAction::restart;
    xen.truth.erase(1);
    xen.make(guest);  // by another tool
    restart();
    EXPECT_EQ(info(guest).domid, 2);
    EXPECT_TRUE(store.lives.empty());
    xen.stop(2, StopReason::reboot);
    settle();
    EXPECT_EQ(xen.count("destroy"), 0u) << "that is for the other tool to do";
}

TEST_F(Restart, DoesNotTakeAGuestOfThisBootOfTheHostForOneOfTheLast) {
    const auto guest = guest_named("web");
    store.domains[guest.uuid] = {guest};
    store.lives[guest.uuid] = {.definition = guest, .domid = 1, .over = true};
    xen.make(guest);  // by another tool, and it has got the same domid
    start_up();
    look();
    xen.stop(1, StopReason::reboot);
    settle();
    EXPECT_EQ(xen.count("destroy"), 0u) << "that is for the other tool to do";
}

TEST_F(Restart, LeavesAnotherToolsGuestItsName) {
    start_up();
    const auto guest = defined("web");
    auto theirs = guest;
    theirs.name = "theirs";
    xen.make(theirs);
    store.lives[guest.uuid] = {theirs, 1, Held::dumping, false};
    restart();
    look();
    EXPECT_EQ(info(guest).domid, 1);
    EXPECT_EQ(info(guest).name, "web");
    EXPECT_EQ(store.domains.at(guest.uuid).definition.name, "web");
}

TEST_F(Restart, KeepsWhatWasSavedOfADomainThatAnotherToolHasRunSince) {
    start_up();
    const auto guest = defined("web");
    xen.make(guest);
    xen.stop(1, StopReason::crash);
    store.lives[guest.uuid] = {guest, 1, Held::ending, false};
    store.images_aside.insert(guest.uuid);
    restart();
    settle();
    EXPECT_EQ(xen.truth.size(), 1u);
    EXPECT_TRUE(store.images_aside.contains(guest.uuid));
    EXPECT_FALSE(info(guest).managed_image);
}

}  // namespace
}  // namespace virtlight::manager
