// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

// The part of the contract that is about saving and restoring: as contract.hpp, instantiate SavingContract.

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

#include "base/temporary_folder.hpp"
#include "hypervisor/contract_fixture.hpp"

namespace virtlight::hypervisor::contract {

class SavingContract : public HypervisorContract {
 protected:
    Pending<Result<>> start_save(DomId domid, const domain::Definition& definition, Operation how) {
        return start([=, this] { return hypervisor().save(domid, {definition}, image, how); });
    }
    /// And reads the head of the image.
    Result<> save(DomId domid, const domain::Definition& definition) {
        auto saved = end_of(start_save(domid, definition, operation()));
        if (const auto head = end_of(start([&] { return hypervisor().read_image(image); })); head)
            known_head = head->bytes;
        return saved;
    }
    Pending<Result<Created>> start_restore(const domain::Definition& definition, Operation how) {
        return start([=, this] { return hypervisor().restore(definition, {image, known_head}, how); });
    }
    /// From the image whose head was read.
    Result<Created> restore(const domain::Definition& definition) {
        auto restored = end_of(start_restore(definition, operation()));
        if (restored) keep(restored->domid);
        return restored;
    }
    /// A guest that has been saved, and is gone.
    void saved(const domain::Definition& definition) {
        const auto domid = running(definition);
        const auto done = save(domid, definition);
        ASSERT_TRUE(done) << done.error().message;
        ASSERT_TRUE(destroy(domid));
        ASSERT_TRUE(gone(domid));
    }
    bool goes_on(DomId domid) {
        return becomes([&] {
            const auto domain = seen(domid);
            return domain && !domain->stopped && !domain->paused && !domain->dying;
        });
    }
    std::size_t files() const {
        return static_cast<std::size_t>(
            std::distance(std::filesystem::directory_iterator(folder.path()), {}));
    }
    void truncate_to(std::uintmax_t bytes) const { std::filesystem::resize_file(image, bytes); }

    test::TemporaryFolder folder;
    std::filesystem::path image = folder.path() / "image";
    std::string known_head;
};

TEST_P(SavingContract, ASavedGuestHasStoppedToBeSavedAndItsImageIsThere) {
    const auto definition = guest();
    const auto domid = running(definition);
    const auto done = save(domid, definition);
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(seen(domid)->stopped, StopReason::suspend);
    EXPECT_EQ(files(), 1);
    const auto head = end_of(start([&] { return hypervisor().read_image(image); }));
    ASSERT_TRUE(head) << head.error().message;
    EXPECT_EQ(head->definition.name, definition.name);
    EXPECT_EQ(head->definition.uuid, definition.uuid);
}

TEST_P(SavingContract, ADeviceModelIsDescribedWithTheVcpusThatItHasAndTakesItsStateWithNoOthers) {
    auto definition = guest(Habit::obeys, domain::GuestType::hvm);
    definition.vcpus_max = definition.vcpus = 2;
    const auto domid = running(definition);
    ASSERT_TRUE(end_of(start([&] { return hypervisor().set_vcpus(domid, 1, operation()); })));
    const auto described = describe(domid);
    ASSERT_TRUE(described) << described.error().message;
    EXPECT_EQ(described->vcpus, 2u);
    ASSERT_TRUE(save(domid, definition));
    ASSERT_TRUE(destroy(domid));
    ASSERT_TRUE(gone(domid));
    definition.vcpus = 1;
    const auto refused = restore(definition);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason, Reason::operation_failed);
    definition.vcpus = 2;
    const auto restored = restore(definition);
    EXPECT_TRUE(restored) << restored.error().message;
}

TEST_P(SavingContract, ARestoredGuestIsPausedAndThenGoesOn) {
    for (const auto type : {domain::GuestType::pv, domain::GuestType::pvh, domain::GuestType::hvm}) {
        const auto definition = guest(Habit::obeys, type);
        saved(definition);
        const auto restored = restore(definition);
        ASSERT_TRUE(restored) << restored.error().message;
        const auto domain = seen(restored->domid);
        ASSERT_TRUE(domain);
        EXPECT_EQ(domain->name, definition.name);
        EXPECT_EQ(domain->uuid, definition.uuid);
        EXPECT_TRUE(domain->paused);
        EXPECT_TRUE(unpause(restored->domid));
        EXPECT_TRUE(goes_on(restored->domid));
        EXPECT_TRUE(shut_down(restored->domid));
        EXPECT_EQ(stop_of(restored->domid), StopReason::poweroff);
        EXPECT_TRUE(destroy(restored->domid));
    }
}

TEST_P(SavingContract, AGuestIsSavedAndRestoredAgainAndAgain) {
    const auto definition = guest();
    for (int i = 0; i < 3; ++i) {
        const auto restored = i == 0 ? create(definition) : restore(definition);
        ASSERT_TRUE(restored) << restored.error().message;
        ASSERT_TRUE(unpause(restored->domid));
        const auto done = save(restored->domid, definition);
        ASSERT_TRUE(done) << done.error().message;
        ASSERT_TRUE(destroy(restored->domid));
        ASSERT_TRUE(gone(restored->domid));
    }
}

TEST_P(SavingContract, ASuspendedGuestCanGoOnInsteadOfBeingDestroyed) {
    const auto definition = guest();
    const auto domid = running(definition);
    ASSERT_TRUE(save(domid, definition));
    EXPECT_TRUE(end_of(start([&] { return hypervisor().resume(domid, operation()); })));
    EXPECT_TRUE(goes_on(domid));
    EXPECT_TRUE(shut_down(domid));
    EXPECT_EQ(stop_of(domid), StopReason::poweroff);
}

TEST_P(SavingContract, ACancelledSaveLeavesTheGuestRunningAndNoFile) {
    const auto definition = guest();
    const auto domid = running(definition);
    async::CancelSource source;
    const auto saving = start_save(domid, definition, {.id = ids_.next(), .cancel = source.token()});
    ASSERT_TRUE(becomes([&] { return seen(domid)->stopped == StopReason::suspend; }));
    cancel(source);
    const auto end = end_of(saving);
    if (!end) {
        EXPECT_EQ(end.error().reason, Reason::cancelled) << end.error().message;
        EXPECT_TRUE(goes_on(domid));
        EXPECT_EQ(files(), 0);
        EXPECT_TRUE(save(domid, definition)) << "it can be saved again";
    }
}

TEST_P(SavingContract, ASaveThatIsCancelledBeforeItStartsIsNotDone) {
    const auto definition = guest();
    const auto domid = running(definition);
    async::CancelSource source;
    cancel(source);
    const auto end = end_of(start_save(domid, definition, {.id = ids_.next(), .cancel = source.token()}));
    ASSERT_FALSE(end);
    EXPECT_EQ(end.error().reason, Reason::cancelled);
    EXPECT_TRUE(goes_on(domid));
    EXPECT_EQ(files(), 0);
}

TEST_P(SavingContract, AFrozenGuestKeepsASaveWaitingUntilItIsCancelledAndIsLeftAlone) {
    const auto definition = guest(Habit::frozen);
    const auto domid = running(definition);
    async::CancelSource source;
    const auto saving = start_save(domid, definition, {.id = ids_.next(), .cancel = source.token()});
    EXPECT_TRUE(hangs(saving));
    cancel(source);
    const auto end = end_of(saving);
    ASSERT_FALSE(end);
    EXPECT_EQ(end.error().reason, Reason::cancelled);
    EXPECT_TRUE(goes_on(domid));
    EXPECT_EQ(files(), 0);
}

TEST_P(SavingContract, AnImageThatCannotBeWrittenLeavesTheGuestRunning) {
    const auto definition = guest();
    const auto domid = running(definition);
    image = folder.path() / "missing" / "image";
    const auto end = save(domid, definition);
    ASSERT_FALSE(end);
    EXPECT_EQ(end.error().reason, Reason::io);
    EXPECT_NE(end.error().message.find("missing"), std::string::npos) << end.error().message;
    EXPECT_TRUE(goes_on(domid));
}

TEST_P(SavingContract, AFailedSaveLeavesTheFileThatWasThere) {
    const auto definition = guest(Habit::frozen);
    const auto domid = running(definition);
    std::ofstream(image) << "precious";
    async::CancelSource source;
    const auto saving = start_save(domid, definition, {.id = ids_.next(), .cancel = source.token()});
    EXPECT_TRUE(hangs(saving));
    cancel(source);
    EXPECT_FALSE(end_of(saving));
    EXPECT_EQ(std::filesystem::file_size(image), 8);
}

TEST_P(SavingContract, ASaveTellsHowFarItHasCome) {
    const auto definition = guest();
    const auto domid = running(definition);
    auto how = operation();
    how.progress = std::make_shared<Progress>();
    ASSERT_TRUE(end_of(start_save(domid, definition, how)));
    EXPECT_EQ(how.progress->stage.load(), Stage::syncing) << "the last that it does";
    EXPECT_GT(how.progress->bytes, 0);
    EXPECT_GE(how.progress->bytes_all, definition.memory_kib * 1024 / 2);
}

TEST_P(SavingContract, ATruncatedImageIsRefusedAndLeavesNothing) {
    const auto definition = guest();
    saved(definition);
    const auto whole = std::filesystem::file_size(image);
    for (const auto bytes : {whole - 1, whole / 2, std::uintmax_t{40}, std::uintmax_t{0}}) {
        truncate_to(bytes);
        const auto restored = restore(definition);
        ASSERT_FALSE(restored) << bytes << " of " << whole;
        EXPECT_NE(restored.error().message.find(definition.name), std::string::npos)
            << restored.error().message;
        EXPECT_FALSE(listed(definition.name));
    }
}

TEST_P(SavingContract, AMissingImageIsRefusedByItsName) {
    const auto restored = restore(guest());
    ASSERT_FALSE(restored);
    EXPECT_EQ(restored.error().reason, Reason::io);
    EXPECT_NE(restored.error().message.find(image), std::string::npos) << restored.error().message;
}

TEST_P(SavingContract, AnImageThatWasReplacedSinceItsHeadWasReadIsRefusedAndLeavesNothing) {
    const auto definition = guest();
    saved(definition);
    const auto first_head = known_head;
    const auto other = guest();
    saved(other);
    const auto second_head = std::exchange(known_head, first_head);
    const auto restored = restore(definition);
    ASSERT_FALSE(restored);
    EXPECT_EQ(restored.error().reason, Reason::invalid_state);
    EXPECT_NE(restored.error().message.find("has been replaced meanwhile"), std::string::npos)
        << restored.error().message;
    EXPECT_FALSE(listed(definition.name));
    known_head = second_head;
    EXPECT_TRUE(restore(other));
}

TEST_P(SavingContract, AnImageIsRestoredWithAnotherDefinitionThanThatOfItsHead) {
    auto definition = guest();
    saved(definition);
    definition.title = "another";
    EXPECT_TRUE(restore(definition));
}

TEST_P(SavingContract, ACancelledRestoreLeavesNothingAndTheImageStays) {
    const auto definition = guest();
    saved(definition);
    async::CancelSource source;
    const auto restoring = start_restore(definition, {.id = ids_.next(), .cancel = source.token()});
    ASSERT_TRUE(becomes([&] { return listed(definition.name); }));
    cancel(source);
    const auto end = end_of(restoring);
    ASSERT_FALSE(end);
    EXPECT_EQ(end.error().reason, Reason::cancelled);
    EXPECT_FALSE(listed(definition.name));
    EXPECT_TRUE(restore(definition)) << "it can be restored again";
}

TEST_P(SavingContract, ANameInUseIsNotRestoredOver) {
    const auto definition = guest();
    saved(definition);
    ASSERT_TRUE(create(definition));
    EXPECT_FALSE(restore(definition));
    EXPECT_TRUE(listed(definition.name));
}

TEST_P(SavingContract, SavingWhatIsGoneIsNoDomain) {
    const auto definition = guest();
    const auto domid = running(definition);
    ASSERT_TRUE(destroy(domid));
    ASSERT_TRUE(gone(domid));
    const auto end = save(domid, definition);
    ASSERT_FALSE(end);
    EXPECT_EQ(end.error().reason, Reason::no_domain);
    EXPECT_EQ(files(), 0);
}

}  // namespace virtlight::hypervisor::contract
