// SPDX-License-Identifier: LGPL-2.1-or-later
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "domain/memory.hpp"
#include "manager/world.hpp"

namespace virtlight::manager {
namespace {

using domain::mib;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr Affects guest_only{.guest = true};
constexpr Affects definition_only{.definition = true};
constexpr Affects both{.guest = true, .definition = true};

class Tuning : public ::testing::Test, protected World {
 protected:
    /// 64 of 256 MiB, 2 of 4 vCPUs.
    static domain::Definition roomy(const std::string& name) {
        auto guest = guest_named(name);
        guest.memory_max_kib = 256 * mib;
        guest.vcpus = 2;
        guest.vcpus_max = 4;
        return guest;
    }
    domain::Definition stored(const domain::Definition& guest) {
        return manager->definition(guest.uuid, Which::stored).value();
    }
    domain::Definition live(const domain::Definition& guest) {
        return manager->definition(guest.uuid, Which::live).value();
    }
    void expect_refused(const Result<>& result, Reason reason, const std::string& words) {
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().reason, reason);
        EXPECT_THAT(result.error().message, HasSubstr(words));
    }
};

// Memory

TEST_F(Tuning, MemoryOfAGuestIsSeenWhenItObliges) {
    const auto guest = running(roomy("web"));
    look();
    EXPECT_TRUE(end_of(manager->set_memory(guest.uuid, 128 * mib, guest_only)));
    EXPECT_EQ(stored(guest).memory_kib, 64 * mib);
    EXPECT_EQ(store.lives.at(guest.uuid).definition.memory_kib, 128 * mib);
    EXPECT_EQ(info(guest).memory_kib, 64 * mib);
    look();
    EXPECT_EQ(info(guest).memory_kib, 128 * mib);
    EXPECT_EQ(live(guest).memory_kib, 128 * mib);
    EXPECT_THAT(events(), ElementsAre("web MEMORY 131072"));
}

TEST_F(Tuning, MemoryCanBeSetForTheNextStartAndForBoth) {
    const auto guest = running(roomy("web"));
    EXPECT_TRUE(end_of(manager->set_memory(guest.uuid, 96 * mib, definition_only)));
    EXPECT_EQ(xen.count("set_memory"), 0u);
    EXPECT_EQ(stored(guest).memory_kib, 96 * mib);
    EXPECT_EQ(store.domains.at(guest.uuid).definition.memory_kib, 96 * mib);
    EXPECT_TRUE(end_of(manager->set_memory(guest.uuid, 128 * mib, both)));
    EXPECT_EQ(stored(guest).memory_kib, 128 * mib);
    EXPECT_EQ(xen.truth.at(1).memory_kib, 128 * mib);
    EXPECT_THAT(events(), ElementsAre("web DEFINED/1", "web DEFINED/1"));
}

TEST_F(Tuning, WithoutAChoiceTheGuestIsMeantIfItRuns) {
    const auto guest = running(roomy("web"));
    EXPECT_TRUE(end_of(manager->set_memory(guest.uuid, 128 * mib, {})));
    EXPECT_EQ(stored(guest).memory_kib, 64 * mib);
    ASSERT_TRUE(end_of(manager->destroy(guest.uuid)));
    EXPECT_TRUE(end_of(manager->set_memory(guest.uuid, 128 * mib, {})));
    EXPECT_EQ(stored(guest).memory_kib, 128 * mib);
}

TEST_F(Tuning, MemoryIsRoundedUpToWholeMib) {
    const auto guest = running(roomy("web"));
    EXPECT_TRUE(end_of(manager->set_memory(guest.uuid, 100 * mib + 1, definition_only)));
    EXPECT_EQ(stored(guest).memory_kib, 101 * mib);
}

TEST_F(Tuning, MemoryBeyondTheMaximumOrNoneIsRefusedAndNothingHasChanged) {
    const auto guest = running(roomy("web"));
    auto smaller = guest;
    smaller.memory_max_kib = 128 * mib;
    ASSERT_TRUE(end_of(manager->define(smaller)));
    expect_refused(end_of(manager->set_memory(guest.uuid, 0, guest_only)), Reason::invalid_argument,
                   "cannot set the memory of domain 'web': memory must not be zero");
    expect_refused(end_of(manager->set_memory(guest.uuid, 257 * mib, guest_only)), Reason::invalid_argument,
                   "cannot set memory higher than max memory");
    expect_refused(end_of(manager->set_memory(guest.uuid, 200 * mib, both)), Reason::invalid_argument,
                   "higher than max memory");
    EXPECT_EQ(xen.count("set_memory"), 0u);
    EXPECT_EQ(stored(guest), smaller);
}

TEST_F(Tuning, OfAGuestWithNumaCellsKeepsToWhatTheyHave) {
    auto wide = roomy("web");
    wide.type = domain::GuestType::hvm;
    wide.memory_kib = wide.memory_max_kib;
    wide.numa = {{.memory_kib = wide.memory_max_kib, .vcpus = domain::CpuSet::first(4)}};
    const auto guest = running(wide);
    for (const auto& affects : {guest_only, definition_only}) {
        expect_refused(end_of(manager->set_memory(guest.uuid, 128 * mib, affects)),
                       Reason::unsupported_config, "NUMA cells has all of its memory");
        expect_refused(end_of(manager->set_memory_max(guest.uuid, 512 * mib, affects)),
                       Reason::unsupported_config, "NUMA cells have 262144 KiB less memory");
    }
    expect_refused(end_of(manager->set_vcpus_max(guest.uuid, 3, definition_only)), Reason::unsupported_config,
                   "must have the vCPUs 0 to 2");
    EXPECT_EQ(stored(guest), guest);
    EXPECT_EQ(xen.count("set_memory") + xen.count("set_memory_max"), 0u);
    EXPECT_TRUE(end_of(manager->set_vcpus(guest.uuid, 4, both)));
}

RC_GTEST_FIXTURE_PROP(Tuning, NoSizeIsTooLargeToBeRefused, (std::uint64_t size)) {
    const auto guest = running(roomy("web"));
    const auto set = end_of(manager->set_memory_max(guest.uuid, size, definition_only));
    if (set) RC_ASSERT(stored(guest).memory_max_kib >= size);
    RC_ASSERT(stored(guest).memory_max_kib % mib == 0);
    RC_ASSERT(stored(guest).memory_max_kib <= std::numeric_limits<std::uint64_t>::max() / 1024);
    RC_ASSERT(stored(guest).memory_kib <= stored(guest).memory_max_kib);
}

TEST_F(Tuning, TheMaximumCanBeSetAndTakesTheRestWithIt) {
    const auto guest = defined("off");
    EXPECT_TRUE(end_of(manager->set_memory_max(guest.uuid, 512 * mib, {})));
    EXPECT_EQ(stored(guest).memory_max_kib, 512 * mib);
    EXPECT_TRUE(end_of(manager->set_memory_max(guest.uuid, 32 * mib, {})));
    EXPECT_EQ(stored(guest).memory_max_kib, 32 * mib);
    EXPECT_EQ(stored(guest).memory_kib, 32 * mib);
}

TEST_F(Tuning, TheMaximumOfAGuestCannotBeLessThanItIsToHave) {
    const auto guest = running(roomy("web"));
    EXPECT_TRUE(end_of(manager->set_memory_max(guest.uuid, 128 * mib, guest_only)));
    EXPECT_EQ(info(guest).memory_max_kib, 128 * mib);
    expect_refused(end_of(manager->set_memory(guest.uuid, 129 * mib, guest_only)), Reason::invalid_argument,
                   "higher than max memory");
    expect_refused(end_of(manager->set_memory_max(guest.uuid, 63 * mib, guest_only)),
                   Reason::invalid_argument, "is to have 65536 KiB");
}

TEST_F(Tuning, WhatXenRefusesIsNotNotedAnywhere) {
    const auto guest = running(roomy("web"));
    xen.fail_next("set_memory", {Reason::operation_failed, "cannot set the memory of domain 1: no"});
    expect_refused(end_of(manager->set_memory(guest.uuid, 128 * mib, both)), Reason::operation_failed,
                   "cannot set the memory of domain 'web': no");
    EXPECT_EQ(stored(guest).memory_kib, 64 * mib);
    EXPECT_EQ(store.domains.at(guest.uuid).definition.memory_kib, 64 * mib);
    EXPECT_EQ(store.lives.at(guest.uuid).definition.memory_kib, 64 * mib);
    EXPECT_THAT(events(), IsEmpty());
}

TEST_F(Tuning, WhatTheStoreRefusesHasNotHappenedToTheDefinition) {
    const auto guest = running(roomy("web"));
    store.fail_write(1);
    expect_refused(end_of(manager->set_memory(guest.uuid, 128 * mib, definition_only)), Reason::io,
                   "the disk is full");
    EXPECT_EQ(stored(guest).memory_kib, 64 * mib);
    EXPECT_THAT(events(), IsEmpty());
}

TEST_F(Tuning, WhatTheStoreRefusesHasNotHappenedToTheGuestEither) {
    const auto guest = running(roomy("web"));
    const auto expect_nothing = [&](const std::string& call, async::Task<Result<>> change) {
        store.fail_write(1);
        expect_refused(end_of(std::move(change)), Reason::io, "the disk is full");
        EXPECT_EQ(xen.count(call), 0u) << call;
    };
    expect_nothing("set_memory", manager->set_memory(guest.uuid, 128 * mib, both));
    expect_nothing("set_memory_max", manager->set_memory_max(guest.uuid, 128 * mib, both));
    expect_nothing("set_vcpus", manager->set_vcpus(guest.uuid, 4, both));
    expect_nothing("pin_vcpu", manager->pin_vcpu(guest.uuid, 0, domain::CpuSet::first(1), both));
    expect_nothing("set_cpu_share", manager->set_cpu_share(guest.uuid, {.weight = 512}, both));
    EXPECT_EQ(stored(guest), guest);
    EXPECT_EQ(store.lives.at(guest.uuid).definition.memory_kib, 64 * mib);
    EXPECT_THAT(events(), IsEmpty());
}

TEST_F(Tuning, WhatCannotBeTakenOutOfTheDefinitionAgainStaysInItAndTheErrorSaysSo) {
    const auto guest = running(roomy("web"));
    xen.fail_next("set_memory", {Reason::operation_failed, "cannot set the memory of domain 1: no"});
    store.fail_write(2);  // the definition, and the definition as it was
    expect_refused(end_of(manager->set_memory(guest.uuid, 128 * mib, both)), Reason::io,
                   "no; but its definition has been changed, and cannot be put back: the disk is full");
    EXPECT_EQ(stored(guest).memory_kib, 128 * mib);
    EXPECT_EQ(store.domains.at(guest.uuid).definition.memory_kib, 128 * mib);
    EXPECT_EQ(store.lives.at(guest.uuid).definition.memory_kib, 64 * mib);
    EXPECT_THAT(events(), ElementsAre("web DEFINED/1"));
}

TEST_F(Tuning, OfAGuestThatEndsWhileItsDefinitionIsWrittenChangesNothing) {
    const auto guest = running(roomy("web"));
    store.hold();
    const auto setting = begin(manager->set_memory(guest.uuid, 128 * mib, both));
    settle();
    xen.vanish(domid(guest));
    look();
    store.release();
    expect_refused(end_of(setting), Reason::invalid_state, "cannot set the memory of domain 'web'");
    EXPECT_EQ(xen.count("set_memory"), 0u);
    EXPECT_EQ(stored(guest).memory_kib, 64 * mib);
    EXPECT_EQ(store.domains.at(guest.uuid).definition.memory_kib, 64 * mib);
}

TEST_F(Tuning, ATransientGuestHasNoDefinitionAndADefinedOneNoGuest) {
    const auto passing = guest_named("passing");
    ASSERT_TRUE(end_of(manager->create(passing, {})));
    expect_refused(end_of(manager->set_memory(passing.uuid, 32 * mib, both)), Reason::invalid_state,
                   "define it first, or leave out --config");
    const auto off = defined("off");
    expect_refused(end_of(manager->set_memory(off.uuid, 32 * mib, guest_only)), Reason::invalid_state,
                   "not running");
}

TEST_F(Tuning, TheHostItselfIsPinnedAndGetsAShareUntilItsNextBoot) {
    const Uuid host;
    const auto cpu = domain::CpuSet::parse("1").value();
    EXPECT_TRUE(end_of(manager->pin_vcpu(host, 0, cpu, {})));
    EXPECT_TRUE(end_of(manager->set_cpu_share(host, {.weight = 512}, guest_only)));
    EXPECT_EQ(xen.tunings.at(0).pins.at(0), cpu);
    EXPECT_EQ(xen.tunings.at(0).share.weight, 512u);
    expect_refused(end_of(manager->pin_vcpu(host, 0, cpu, both)), Reason::invalid_state,
                   "cannot pin a vCPU of domain 'Domain-0': for its next start the host is configured");
    EXPECT_TRUE(store.domains.empty());
    EXPECT_TRUE(store.lives.empty()) << "it is nobody's guest";
}

TEST_F(Tuning, TheHostItselfHasMoreAndLessMemoryAndVcpusUntilItsNextBoot) {
    const Uuid host;
    EXPECT_TRUE(end_of(manager->set_memory(host, 512 * mib, guest_only)));
    EXPECT_TRUE(end_of(manager->set_vcpus(host, 1, {})));
    look();
    EXPECT_EQ(manager->find(host)->memory_kib, 512 * mib);
    EXPECT_EQ(manager->find(host)->vcpus, 1u);
    EXPECT_THAT(events(), ElementsAre("Domain-0 MEMORY 524288"));
    EXPECT_EQ(manager->definition(host, Which::live)->vcpus, 1u);
    expect_refused(end_of(manager->set_memory(host, xen.facts.memory_kib + mib, {})),
                   Reason::invalid_argument, "higher than max memory");
    expect_refused(end_of(manager->set_vcpus(host, 3, {})), Reason::invalid_argument, "max allowable vcpus");
    expect_refused(end_of(manager->set_memory(host, 768 * mib, both)), Reason::invalid_state,
                   "cannot set the memory of domain 'Domain-0': for its next start the host is configured");
    EXPECT_TRUE(store.domains.empty());
    EXPECT_TRUE(store.lives.empty());
}

TEST_F(Tuning, TheHostItselfHasWhatAnotherToolLetsItHave) {
    const Uuid host;
    xen.truth.at(0).memory_max_kib = xen.truth.at(0).memory_kib = 512 * mib;
    xen.truth.at(0).vcpus_online = 1;
    look();
    EXPECT_THAT(events(), ElementsAre("Domain-0 MEMORY 524288"));
    look();
    EXPECT_THAT(events(), IsEmpty()) << "nothing has changed";
    EXPECT_EQ(manager->definition(host, Which::live)->vcpus, 1u);
    expect_refused(end_of(manager->set_memory(host, 640 * mib, {})), Reason::invalid_argument,
                   "higher than max memory");
    EXPECT_TRUE(end_of(manager->set_memory_max(host, 768 * mib, {})));
    EXPECT_TRUE(end_of(manager->set_memory(host, 640 * mib, {})));
    EXPECT_EQ(xen.truth.at(0).memory_kib, 640 * mib);
}

TEST_F(Tuning, WhatAnotherToolSetsIsShownAndTold) {
    const auto guest = running(roomy("web"));
    look();
    xen.truth.at(1).memory_kib = 100 * mib + 4;
    xen.truth.at(1).vcpus_online = 3;
    look();
    EXPECT_EQ(info(guest).memory_kib, 100 * mib + 4);
    EXPECT_EQ(live(guest).memory_kib, 101 * mib);
    EXPECT_EQ(info(guest).vcpus, 3);
    EXPECT_EQ(stored(guest), guest);
    EXPECT_THAT(events(), ElementsAre("web MEMORY 102404"));
}

TEST_F(Tuning, OfAnotherToolsGuestIsNotNotedAsOurs) {
    const auto guest = roomy("foreign");
    xen.make(guest);
    xen.call_for_attention();
    look();
    EXPECT_TRUE(end_of(manager->set_memory(guest.uuid, 128 * mib, guest_only)));
    EXPECT_TRUE(store.lives.empty());
}

// vCPUs

TEST_F(Tuning, VcpusCanBeSetForTheGuestAndTheDefinition) {
    const auto guest = running(roomy("web"));
    EXPECT_TRUE(end_of(manager->set_vcpus(guest.uuid, 4, guest_only)));
    look();
    EXPECT_EQ(info(guest).vcpus, 4);
    EXPECT_EQ(live(guest).vcpus, 4);
    EXPECT_EQ(stored(guest).vcpus, 2);
    EXPECT_TRUE(end_of(manager->set_vcpus(guest.uuid, 1, both)));
    EXPECT_EQ(stored(guest).vcpus, 1);
}

TEST_F(Tuning, VcpusOutOfRangeAreRefused) {
    const auto guest = running(roomy("web"));
    for (const auto affects : {guest_only, definition_only}) {
        expect_refused(end_of(manager->set_vcpus(guest.uuid, 5, affects)), Reason::invalid_argument,
                       "greater than max allowable vcpus");
        expect_refused(end_of(manager->set_vcpus(guest.uuid, 0, affects)), Reason::invalid_argument,
                       "1 to 512");
    }
    expect_refused(end_of(manager->set_vcpus_max(guest.uuid, 513, definition_only)), Reason::invalid_argument,
                   "1 to 512");
    EXPECT_EQ(xen.count("set_vcpus"), 0u);
}

TEST_F(Tuning, TheMaximumOfVcpusIsForTheNextStart) {
    const auto guest = running(roomy("web"));
    expect_refused(end_of(manager->set_vcpus_max(guest.uuid, 8, {})), Reason::invalid_state, "live domain");
    EXPECT_TRUE(end_of(manager->set_vcpus_max(guest.uuid, 1, definition_only)));
    EXPECT_EQ(stored(guest).vcpus_max, 1);
    EXPECT_EQ(stored(guest).vcpus, 1);
    EXPECT_EQ(info(guest).vcpus_max, 4);
}

}  // namespace
}  // namespace virtlight::manager
