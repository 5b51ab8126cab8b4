// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

// What any hypervisor::Hypervisor must satisfy. Include this in one source file of a test program and
// instantiate HypervisorContract there with a Subject for each implementation.

#include <filesystem>

#include "hypervisor/contract_fixture.hpp"

namespace virtlight::hypervisor::contract {

// Looking

TEST_P(HypervisorContract, Domain0IsListedWithTheNilUuid) {
    const auto host = seen(0);
    ASSERT_TRUE(host);
    EXPECT_EQ(host->name, "Domain-0");
    EXPECT_TRUE(host->uuid.is_nil());
    EXPECT_FALSE(host->paused);
    EXPECT_FALSE(host->stopped);
}

TEST_P(HypervisorContract, DomainsAreListedInTheOrderOfDomids) {
    ASSERT_TRUE(create(guest()));
    ASSERT_TRUE(create(guest()));
    const auto snapshot = look();
    EXPECT_GE(snapshot.domains.size(), 3u);
    EXPECT_TRUE(std::ranges::is_sorted(snapshot.domains, {}, &DomainSeen::domid));
}

TEST_P(HypervisorContract, LookAnswersWhileACreateIsInProgress) {
    const auto creating = start_create(guest(Habit::slow_to_build), operation());
    look();
    EXPECT_TRUE(in_progress(creating));
    const auto created = end_of(creating);
    ASSERT_TRUE(created) << created.error().message;
    EXPECT_TRUE(destroy(created->domid));
}

// Creating

TEST_P(HypervisorContract, ACreatedDomainIsPausedAndListed) {
    const auto definition = guest();
    const auto created = create(definition);
    ASSERT_TRUE(created) << created.error().message;
    const auto domain = seen(created->domid);
    ASSERT_TRUE(domain);
    EXPECT_EQ(domain->name, definition.name);
    EXPECT_EQ(domain->uuid, definition.uuid);
    EXPECT_TRUE(domain->paused);
    EXPECT_FALSE(domain->dying);
    EXPECT_FALSE(domain->stopped);
    EXPECT_EQ(domain->vcpus_max, definition.vcpus_max);
    EXPECT_GE(domain->memory_kib, definition.memory_kib / 2);
}

TEST_P(HypervisorContract, EachGuestTypeCanBeCreated) {
    for (const auto type : {domain::GuestType::pv, domain::GuestType::pvh, domain::GuestType::hvm}) {
        const auto created = create(guest(Habit::obeys, type));
        ASSERT_TRUE(created) << created.error().message;
        const auto domain = seen(created->domid);
        ASSERT_TRUE(domain);
        EXPECT_EQ(domain->hvm, type != domain::GuestType::pv);
        EXPECT_TRUE(destroy(created->domid));
    }
}

TEST_P(HypervisorContract, TwoDomainsAreCreatedAtOnce) {
    const auto one = start_create(guest(), operation());
    const auto two = start_create(guest(), operation());
    const auto first = end_of(one);
    const auto second = end_of(two);
    ASSERT_TRUE(first) << first.error().message;
    ASSERT_TRUE(second) << second.error().message;
    EXPECT_NE(first->domid, second->domid);
    EXPECT_TRUE(destroy(first->domid));
    EXPECT_TRUE(destroy(second->domid));
}

TEST_P(HypervisorContract, ACreatedDomainCallsForAttention) {
    ignore_attention_so_far();
    ASSERT_TRUE(create(guest()));
    EXPECT_TRUE(attention_is_called());
}

TEST_P(HypervisorContract, ACancelledCreateLeavesNothing) {
    const auto definition = guest(Habit::slow_to_build);
    async::CancelSource source;
    const auto creating = start_create(definition, {.id = ids_.next(), .cancel = source.token()});
    ASSERT_TRUE(becomes([&] { return listed(definition.name); }));
    const auto before = look().memory_free_kib;
    cancel(source);
    const auto created = end_of(creating);
    ASSERT_FALSE(created);
    EXPECT_EQ(created.error().reason, Reason::cancelled);
    EXPECT_FALSE(listed(definition.name));
    EXPECT_TRUE(becomes([&] { return look().memory_free_kib > before; }));
    EXPECT_TRUE(create(definition)) << "the name is free again";
}

TEST_P(HypervisorContract, ACreateThatIsCancelledBeforeItStartsIsNotDone) {
    const auto definition = guest();
    async::CancelSource source;
    cancel(source);
    const auto created = end_of(start_create(definition, {.id = ids_.next(), .cancel = source.token()}));
    ASSERT_FALSE(created);
    EXPECT_EQ(created.error().reason, Reason::cancelled);
    EXPECT_FALSE(listed(definition.name));
}

TEST_P(HypervisorContract, AMissingKernelIsAnInvalidArgumentThatNamesIt) {
    auto definition = guest();
    definition.boot.kernel = "/nowhere/vmlinuz";
    const auto created = create(definition);
    ASSERT_FALSE(created);
    EXPECT_EQ(created.error().reason, Reason::invalid_argument);
    EXPECT_NE(created.error().message.find("/nowhere/vmlinuz"), std::string::npos) << created.error().message;
    EXPECT_NE(created.error().message.find(definition.name), std::string::npos) << created.error().message;
    EXPECT_FALSE(listed(definition.name));
}

TEST_P(HypervisorContract, AFolderAsKernelIsAnInvalidArgumentThatNamesIt) {
    auto definition = guest();
    definition.boot.kernel = "/tmp";
    const auto created = create(definition);
    ASSERT_FALSE(created);
    EXPECT_EQ(created.error().reason, Reason::invalid_argument);
    EXPECT_NE(created.error().message.find("/tmp"), std::string::npos) << created.error().message;
    EXPECT_FALSE(listed(definition.name));
}

TEST_P(HypervisorContract, AMissingInitrdIsAnInvalidArgumentThatNamesIt) {
    auto definition = guest();
    definition.boot.initrd = "/nowhere/initrd.img";
    const auto created = create(definition);
    ASSERT_FALSE(created);
    EXPECT_EQ(created.error().reason, Reason::invalid_argument);
    EXPECT_NE(created.error().message.find("/nowhere/initrd.img"), std::string::npos);
}

TEST_P(HypervisorContract, MemoryThatTheHostDoesNotHaveIsRefusedWithTheReason) {
    auto definition = guest();
    definition.memory_kib = definition.memory_max_kib = 1024 * look().memory_free_kib;
    const auto created = create(definition);
    ASSERT_FALSE(created);
    EXPECT_EQ(created.error().reason, Reason::operation_failed);
    EXPECT_FALSE(created.error().details.empty());
    EXPECT_TRUE(becomes([&] { return !listed(definition.name); }));
}

TEST_P(HypervisorContract, ANameInUseIsRefusedAndItsOwnerIsLeftAlone) {
    const auto definition = guest();
    const auto first = create(definition);
    ASSERT_TRUE(first) << first.error().message;
    auto other = guest();
    other.name = definition.name;
    const auto second = create(other);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().reason, Reason::operation_failed);
    const auto domain = seen(first->domid);
    ASSERT_TRUE(domain);
    EXPECT_EQ(domain->name, definition.name);
    EXPECT_EQ(domain->uuid, definition.uuid);
}

// Running

TEST_P(HypervisorContract, AnUnpausedGuestRunsAndUsesTheProcessor) {
    const auto domid = running(guest());
    const auto before = seen(domid);
    ASSERT_TRUE(before);
    EXPECT_FALSE(before->paused);
    EXPECT_TRUE(becomes([&] {
        const auto now = seen(domid);
        return now && now->cpu_time > before->cpu_time;
    }));
}

TEST_P(HypervisorContract, APausedGuestUsesNoProcessor) {
    const auto domid = running(guest());
    ASSERT_TRUE(pause(domid));
    const auto before = seen(domid);
    ASSERT_TRUE(before && before->paused);
    EXPECT_TRUE(stays_away([] { return false; }));
    const auto after = seen(domid);
    ASSERT_TRUE(after);
    EXPECT_EQ(after->cpu_time, before->cpu_time);
}

TEST_P(HypervisorContract, PausingTwiceIsFineAndOneUnpauseIsEnough) {
    const auto domid = running(guest());
    EXPECT_TRUE(pause(domid));
    EXPECT_TRUE(pause(domid));
    EXPECT_TRUE(unpause(domid));
    const auto domain = seen(domid);
    ASSERT_TRUE(domain);
    EXPECT_FALSE(domain->paused);
}

TEST_P(HypervisorContract, UnpausingARunningGuestIsFine) {
    const auto domid = running(guest());
    EXPECT_TRUE(unpause(domid));
    EXPECT_TRUE(pause(domid));
    const auto domain = seen(domid);
    ASSERT_TRUE(domain);
    EXPECT_TRUE(domain->paused);
}

// Ending

TEST_P(HypervisorContract, ADestroyedDomainIsGoneOrDying) {
    const auto domid = running(guest());
    ASSERT_TRUE(destroy(domid));
    const auto domain = seen(domid);
    EXPECT_TRUE(!domain || domain->dying);
    EXPECT_TRUE(gone(domid));
}

TEST_P(HypervisorContract, APausedDomainCanBeDestroyed) {
    const auto created = create(guest());
    ASSERT_TRUE(created) << created.error().message;
    EXPECT_TRUE(destroy(created->domid));
    EXPECT_TRUE(gone(created->domid));
}

TEST_P(HypervisorContract, TwoDestroysAtOnceBothEnd) {
    const auto domid = running(guest());
    const auto ask = [&] { return hypervisor().destroy(domid, operation()); };
    const auto one = start(ask);
    const auto two = start(ask);
    for (const auto& ending : {one, two}) {
        const auto result = end_of(ending);
        EXPECT_TRUE(result || result.error().reason == Reason::no_domain) << result.error().message;
    }
    EXPECT_TRUE(gone(domid));
}

TEST_P(HypervisorContract, ActingOnADomidThatIsGoneIsNoDomain) {
    const auto domid = running(guest());
    ASSERT_TRUE(destroy(domid));
    ASSERT_TRUE(gone(domid));
    const auto reason = [](const auto& result) { return result ? Reason::internal : result.error().reason; };
    EXPECT_EQ(reason(pause(domid)), Reason::no_domain);
    EXPECT_EQ(reason(unpause(domid)), Reason::no_domain);
    EXPECT_EQ(reason(shut_down(domid)), Reason::no_domain);
    EXPECT_EQ(reason(reboot(domid)), Reason::no_domain);
    EXPECT_EQ(reason(destroy(domid)), Reason::no_domain);
    EXPECT_EQ(reason(describe(domid)), Reason::no_domain);
}

TEST_P(HypervisorContract, AGuestThatPowersOffStaysListedUntilItIsDestroyed) {
    const auto domid = running(guest(Habit::powers_off));
    EXPECT_EQ(stop_of(domid), StopReason::poweroff);
    EXPECT_TRUE(destroy(domid));
    EXPECT_TRUE(gone(domid));
}

TEST_P(HypervisorContract, AGuestThatRebootsIsSeenAsRebooting) {
    EXPECT_EQ(stop_of(running(guest(Habit::reboots))), StopReason::reboot);
}

TEST_P(HypervisorContract, AGuestThatCrashesIsSeenAsCrashed) {
    EXPECT_EQ(stop_of(running(guest(Habit::crashes))), StopReason::crash);
}

TEST_P(HypervisorContract, TheStopOfAFollowedGuestCallsForAttention) {
    const auto created = create(guest(Habit::powers_off));
    ASSERT_TRUE(created) << created.error().message;
    const auto life = follow(created->domid);
    ignore_attention_so_far();
    ASSERT_TRUE(unpause(created->domid));
    EXPECT_TRUE(attention_is_called());
    EXPECT_EQ(stop_of(created->domid), StopReason::poweroff);
    unfollow(life);
}

TEST_P(HypervisorContract, TheEndOfAFollowedLifeCallsForAttention) {
    const auto domid = running(guest());
    const auto life = follow(domid);
    ignore_attention_so_far();
    ASSERT_TRUE(destroy(domid));
    EXPECT_TRUE(attention_is_called());
    ASSERT_TRUE(gone(domid));
    unfollow(life);
}

TEST_P(HypervisorContract, TheTtysOfAFollowedLifeAreToldUntilItIsUnfollowed) {
    const auto created = create(guest());
    ASSERT_TRUE(created) << created.error().message;
    const auto life = follow(created->domid);
    std::optional<std::vector<domain::Console>> told;
    auto asked = created->consoles;
    for (auto& console : asked)
        console.tty.clear();
    on_core([&] {
        hypervisor().follow_ttys(life, created->domid, asked, [&](const auto& consoles) { told = consoles; });
    });
    EXPECT_TRUE(wait([&] { return told.has_value(); }));
    EXPECT_EQ(told, created->consoles);
    unfollow(life);
}

// Requests

TEST_P(HypervisorContract, AnObedientGuestAcknowledgesAShutdownAndPowersOff) {
    const auto domid = running(guest());
    const auto asked = shut_down(domid);
    ASSERT_TRUE(asked) << asked.error().message;
    EXPECT_EQ(stop_of(domid), StopReason::poweroff);
}

TEST_P(HypervisorContract, AnObedientGuestAcknowledgesARebootAndReboots) {
    const auto domid = running(guest());
    const auto asked = reboot(domid);
    ASSERT_TRUE(asked) << asked.error().message;
    EXPECT_EQ(stop_of(domid), StopReason::reboot);
}

TEST_P(HypervisorContract, AnHvmGuestObeysItsPowerButton) {
    const auto domid = running(guest(Habit::obeys, domain::GuestType::hvm));
    const auto pressed = shut_down(domid, ShutdownMethod::acpi);
    ASSERT_TRUE(pressed) << pressed.error().message;
    EXPECT_EQ(stop_of(domid), StopReason::poweroff);
}

TEST_P(HypervisorContract, APvGuestHasNoPowerButton) {
    const auto pressed = shut_down(running(guest()), ShutdownMethod::acpi);
    ASSERT_FALSE(pressed);
    EXPECT_EQ(pressed.error().reason, Reason::unsupported_operation);
}

TEST_P(HypervisorContract, AFrozenGuestKeepsAShutdownWaitingUntilItIsCancelled) {
    const auto domid = running(guest(Habit::frozen));
    async::CancelSource source;
    const auto asked = start_shutdown(domid, {.id = ids_.next(), .cancel = source.token()});
    EXPECT_TRUE(hangs(asked));
    cancel(source);
    const auto end = end_of(asked);
    ASSERT_FALSE(end);
    EXPECT_EQ(end.error().reason, Reason::cancelled);
}

TEST_P(HypervisorContract, AGuestDoesNotFollowAShutdownThatWasCancelledBeforeItCouldAnswer) {
    const auto domid = running(guest());
    ASSERT_TRUE(pause(domid));
    async::CancelSource source;
    const auto asked = start_shutdown(domid, {.id = ids_.next(), .cancel = source.token()});
    EXPECT_TRUE(hangs(asked));
    cancel(source);
    const auto end = end_of(asked);
    ASSERT_FALSE(end);
    EXPECT_EQ(end.error().reason, Reason::cancelled);
    ASSERT_TRUE(unpause(domid));
    EXPECT_TRUE(reboot(domid)) << "it listens still";
    EXPECT_EQ(stop_of(domid), StopReason::reboot);
}

TEST_P(HypervisorContract, AFrozenGuestHoldsUpNothingElse) {
    const auto domid = running(guest(Habit::frozen));
    const auto asked = start_shutdown(domid, operation());
    const auto created = create(guest());
    EXPECT_TRUE(created && unpause(created->domid) && pause(created->domid) && destroy(created->domid));
    EXPECT_TRUE(pause(domid));
    EXPECT_TRUE(unpause(domid));
    EXPECT_TRUE(describe(domid));
    EXPECT_TRUE(seen(domid));
    EXPECT_TRUE(in_progress(asked));
}

TEST_P(HypervisorContract, APausedGuestAcknowledgesWhenItRunsAgain) {
    const auto domid = running(guest());
    ASSERT_TRUE(pause(domid));
    const auto asked = start_shutdown(domid, operation());
    EXPECT_TRUE(hangs(asked));
    ASSERT_TRUE(unpause(domid));
    EXPECT_TRUE(end_of(asked));
    EXPECT_EQ(stop_of(domid), StopReason::poweroff);
}

TEST_P(HypervisorContract, DestroyingEndsARequestThatWaits) {
    const auto domid = running(guest(Habit::frozen));
    const auto asked = start_shutdown(domid, operation());
    EXPECT_TRUE(hangs(asked));
    EXPECT_TRUE(destroy(domid));
    EXPECT_TRUE(ended(asked));
}

// Describing

TEST_P(HypervisorContract, ADomainIsDescribedAsItWasDefined) {
    for (const auto type : {domain::GuestType::pv, domain::GuestType::pvh, domain::GuestType::hvm}) {
        auto definition = guest(Habit::obeys, type);
        // Xen forgets that it has chosen.
        if (type == domain::GuestType::hvm) definition.boot.firmware = domain::Firmware::bios;
        const auto created = create(definition);
        ASSERT_TRUE(created) << created.error().message;
        const auto described = describe(created->domid);
        ASSERT_TRUE(described) << described.error().message;
        EXPECT_EQ(described->name, definition.name);
        EXPECT_EQ(described->uuid, definition.uuid);
        EXPECT_EQ(described->type, type);
        EXPECT_EQ(described->memory_max_kib, definition.memory_max_kib);
        EXPECT_EQ(described->vcpus_max, definition.vcpus_max);
        EXPECT_EQ(described->boot, definition.boot);
        EXPECT_TRUE(destroy(created->domid));
    }
}

TEST_P(HypervisorContract, TheConsolesOfACreatedDomainAreThoseOfItsDescription) {
    const auto definition = guest();
    const auto created = create(definition);
    ASSERT_TRUE(created) << created.error().message;
    EXPECT_EQ(created->consoles.size(), definition.consoles.size());
    const auto described = describe(created->domid);
    ASSERT_TRUE(described);
    EXPECT_EQ(described->consoles, created->consoles);
    for (const auto& console : created->consoles)
        EXPECT_TRUE(console.tty.empty() || std::filesystem::is_character_file(console.tty)) << console.tty;
}

}  // namespace virtlight::hypervisor::contract
