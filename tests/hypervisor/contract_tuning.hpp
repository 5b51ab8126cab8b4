// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

// The part of the contract that is about guests that run and go on running: as contract.hpp, instantiate
// TuningContract.

#include <filesystem>
#include <fstream>

#include "base/temporary_folder.hpp"
#include "hypervisor/contract_fixture.hpp"

namespace virtlight::hypervisor::contract {

class TuningContract : public HypervisorContract {
 protected:
    /// 64 of 128 MiB, 2 vCPUs.
    domain::Definition roomy() {
        auto definition = guest();
        definition.memory_max_kib = 128 * 1024;
        definition.memory_kib = 64 * 1024;
        definition.vcpus_max = definition.vcpus = 2;
        return definition;
    }
    Result<> rename(DomId domid, const std::string& name) {
        return end_of(start([&] { return hypervisor().rename(domid, name, operation()); }));
    }
    Result<> set_memory(DomId domid, std::uint64_t kib) {
        return end_of(start([&] { return hypervisor().set_memory(domid, kib, operation()); }));
    }
    Result<> set_memory_max(DomId domid, std::uint64_t kib) {
        return end_of(start([&] { return hypervisor().set_memory_max(domid, kib, operation()); }));
    }
    Result<> set_vcpus(DomId domid, unsigned vcpus) {
        return end_of(start([&] { return hypervisor().set_vcpus(domid, vcpus, operation()); }));
    }
    Result<> inject_nmi(DomId domid) {
        return end_of(start([&] { return hypervisor().inject_nmi(domid, operation()); }));
    }
    Result<> send_key(DomId domid) {
        return end_of(start([&] { return hypervisor().send_keys(domid, {.keys = {1}}, operation()); }));
    }
    Result<> send_sysrq(DomId domid) {
        return end_of(start([&] { return hypervisor().send_sysrq(domid, 'h', operation()); }));
    }
    Result<> dump(DomId domid, const std::filesystem::path& path, const Hold& its_hold = {}) {
        return end_of(start([&] { return hypervisor().dump_core(domid, path, its_hold, operation()); }));
    }
    static async::Task<Result<>> answer(Result<> result) { co_return result; }
    Pending<Result<>> start_suspend(DomId domid, Operation how) {
        return start([=, this] { return hypervisor().suspend(domid, how); });
    }
    Result<> resume(DomId domid) {
        return end_of(start([&] { return hypervisor().resume(domid, operation()); }));
    }
    static void expect_reason(const Result<>& result, Reason reason) {
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().reason, reason) << result.error().message;
    }
    std::size_t files() const {
        return static_cast<std::size_t>(
            std::distance(std::filesystem::directory_iterator(folder.path()), {}));
    }

    test::TemporaryFolder folder;
    std::filesystem::path core = folder.path() / "core";
};

TEST_P(TuningContract, ARenamedDomainIsListedUnderItsNewName) {
    const auto definition = guest();
    const auto domid = running(definition);
    const auto renamed = rename(domid, definition.name + "-new");
    ASSERT_TRUE(renamed) << renamed.error().message;
    EXPECT_EQ(seen(domid)->name, definition.name + "-new");
    EXPECT_FALSE(listed(definition.name));
}

TEST_P(TuningContract, ANameInUseIsRefused) {
    const auto one = guest();
    const auto two = guest();
    ASSERT_TRUE(create(one));
    const auto domid = running(two);
    expect_reason(rename(domid, one.name), Reason::operation_failed);
    EXPECT_EQ(seen(domid)->name, two.name);
}

TEST_P(TuningContract, AGuestCanBeAskedForMemoryUpToWhatItWasBuiltFor) {
    const auto domid = running(roomy());
    for (const auto mib : {128U, 64U, 96U}) {
        const auto set = set_memory(domid, std::uint64_t{mib} * 1024);
        EXPECT_TRUE(set) << set.error().message;
    }
    expect_reason(set_memory(domid, 129 * 1024), Reason::invalid_argument);
}

TEST_P(TuningContract, TheBoundOfAGuestsMemoryCanBeMovedBetweenWhatItIsToHaveAndWhatItWasBuiltFor) {
    const auto domid = running(roomy());
    const auto set = set_memory_max(domid, 96 * 1024);
    EXPECT_TRUE(set) << set.error().message;
    expect_reason(set_memory_max(domid, 32 * 1024), Reason::operation_failed);
    expect_reason(set_memory_max(domid, 256 * 1024), Reason::invalid_argument);
}

TEST_P(TuningContract, TheBoundOfAGuestsMemoryGoesBackToWhatItWasBuiltFor) {
    const auto domid = running(roomy());
    for (const auto mib : {96U, 64U, 128U, 96U, 128U}) {
        const auto set = set_memory_max(domid, std::uint64_t{mib} * 1024);
        EXPECT_TRUE(set) << mib << " MiB: " << set.error().message;
    }
    expect_reason(set_memory_max(domid, 129 * 1024), Reason::invalid_argument);
    EXPECT_TRUE(set_memory_max(domid, 96 * 1024));
    const auto set = set_memory(domid, 128 * 1024);
    EXPECT_TRUE(set) << "until the guest is asked for more: " << set.error().message;
}

TEST_P(TuningContract, AGuestCanBeAskedForFewerVcpus) {
    const auto domid = running(roomy());
    const auto set = set_vcpus(domid, 1);
    EXPECT_TRUE(set) << set.error().message;
    EXPECT_EQ(seen(domid)->vcpus_max, 2);
    EXPECT_FALSE(set_vcpus(domid, 3));
}

TEST_P(TuningContract, AGuestOfNoPoolOfItsOwnHasTheHostsScheduler) {
    const auto domid = running(guest());
    const auto named = end_of(start([&] { return hypervisor().scheduler(domid); }));
    ASSERT_TRUE(named) << named.error().message;
    EXPECT_EQ(*named, hypervisor().host().scheduler);
    EXPECT_FALSE(end_of(start([&] { return hypervisor().scheduler(domid + 1000); })));
}

TEST_P(TuningContract, AnNmiCanBeSentToAnyGuest) {
    for (const auto type : {domain::GuestType::pv, domain::GuestType::pvh, domain::GuestType::hvm}) {
        const auto sent = inject_nmi(running(guest(Habit::obeys, type)));
        EXPECT_TRUE(sent) << sent.error().message;
    }
}

TEST_P(TuningContract, SysRqCanBeSentToAnyGuest) {
    for (const auto type : {domain::GuestType::pv, domain::GuestType::pvh, domain::GuestType::hvm}) {
        const auto sent = send_sysrq(running(guest(Habit::obeys, type)));
        EXPECT_TRUE(sent) << sent.error().message;
    }
}

TEST_P(TuningContract, ASuspendedGuestKeepsItsMemoryAndGoesOnWhenItIsResumed) {
    const auto domid = running(guest());
    for (int round = 0; round < 2; ++round) {
        const auto suspended = end_of(start_suspend(domid, operation()));
        ASSERT_TRUE(suspended) << suspended.error().message;
        EXPECT_EQ(seen(domid)->stopped, StopReason::suspend);
        EXPECT_GT(seen(domid)->memory_kib, 0u);
        const auto resumed = resume(domid);
        ASSERT_TRUE(resumed) << resumed.error().message;
        EXPECT_FALSE(seen(domid)->stopped);
    }
    expect_reason(resume(domid), Reason::invalid_state);
}

TEST_P(TuningContract, ASuspendThatIsCancelledLetsTheGuestGoOn) {
    const auto domid = running(guest(Habit::frozen));
    async::CancelSource source;
    const auto suspending = start_suspend(domid, {.id = ids_.next(), .cancel = source.token()});
    EXPECT_TRUE(hangs(suspending));
    cancel(source);
    expect_reason(end_of(suspending), Reason::cancelled);
    EXPECT_FALSE(seen(domid)->stopped);
}

TEST_P(TuningContract, ADumpIsThereWholeAndTheGuestRunsOn) {
    const auto domid = running(roomy());
    const auto dumped = dump(domid, core);
    ASSERT_TRUE(dumped) << dumped.error().message;
    EXPECT_EQ(files(), 1);
    constexpr auto kib_of_memory = 64u * 1024;  // each is a byte of a simulated core
    EXPECT_GE(std::filesystem::file_size(core), kib_of_memory);
    EXPECT_FALSE(seen(domid)->paused);
}

TEST_P(TuningContract, ADumpHoldsItsGuestOnceAndWhenThereIsAFileForIt) {
    const auto domid = running(roomy());
    std::vector<std::size_t> files_then;
    const auto dumped = dump(domid, core, [&] {
        files_then.push_back(files());
        return answer({});
    });
    ASSERT_TRUE(dumped) << dumped.error().message;
    EXPECT_EQ(files_then, std::vector<std::size_t>{1});
}

TEST_P(TuningContract, ADumpOfAGuestThatCannotBeHeldIsNotMade) {
    const auto domid = running(roomy());
    const auto dumped = dump(domid, core, [] { return answer(fail(Reason::io, "it cannot be noted")); });
    expect_reason(dumped, Reason::io);
    EXPECT_EQ(dumped.error().message, "it cannot be noted");
    EXPECT_EQ(files(), 0);
}

TEST_P(TuningContract, ADumpToWhereItCannotGoLeavesNothing) {
    const auto domid = running(roomy());
    const auto nobody_is_held = [] {
        ADD_FAILURE() << "held for nothing";
        return answer({});
    };
    expect_reason(dump(domid, folder.path() / "nowhere" / "core", nobody_is_held), Reason::io);
    expect_reason(dump(domid, "core"), Reason::invalid_argument);
    expect_reason(dump(domid, folder.path()), Reason::invalid_argument);
    EXPECT_EQ(files(), 0);
}

TEST_P(TuningContract, ADumpThatIsCancelledBeforeItStartsIsNotDone) {
    const auto domid = running(roomy());
    async::CancelSource source;
    cancel(source);
    const Operation cancelled{.id = ids_.next(), .cancel = source.token()};
    const auto dumped = end_of(start([&] { return hypervisor().dump_core(domid, core, {}, cancelled); }));
    expect_reason(dumped, Reason::cancelled);
    EXPECT_EQ(files(), 0);
}

TEST_P(TuningContract, ADomainThatIsGoneSaysSo) {
    const auto domid = running(guest());
    ASSERT_TRUE(destroy(domid));
    ASSERT_TRUE(gone(domid));
    expect_reason(inject_nmi(domid), Reason::no_domain);
    expect_reason(send_key(domid), Reason::no_domain);
    expect_reason(send_sysrq(domid), Reason::no_domain);
    expect_reason(rename(domid, "x"), Reason::no_domain);
    expect_reason(set_memory(domid, 64 * 1024), Reason::no_domain);
    expect_reason(set_memory_max(domid, 64 * 1024), Reason::no_domain);
    expect_reason(set_vcpus(domid, 1), Reason::no_domain);
    expect_reason(dump(domid, core), Reason::no_domain);
    expect_reason(end_of(start_suspend(domid, operation())), Reason::no_domain);
    EXPECT_EQ(files(), 0);
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(TuningContract);

}  // namespace virtlight::hypervisor::contract
