// SPDX-License-Identifier: LGPL-2.1-or-later
// Guests are saved and restored by the daemon's own code and the true libxl, in every phase of which somebody
// loses patience, dies, or finds the disk full.

#include <csignal>
#include <filesystem>
#include <utility>

#include <gmock/gmock.h>

#include "base/limits.hpp"
#include "libxl/clock.hpp"
#include "libxl/save_fixture.hpp"

namespace virtlight::fake {
namespace {

using domain::GuestType;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Values;
using ::testing::ValuesIn;

template <class Parameter>
class SaveTestWith : public SaveTest, public ::testing::WithParamInterface<Parameter> {};

// Whole

using WholeSave = SaveTestWith<GuestType>;

TEST_P(WholeSave, GivesTheGuestBackAsItWas) {
    run(GetParam());
    for (int round = 0; round < 3; ++round) {
        expect_saved(start_save());
        ASSERT_TRUE(destroy());
        ASSERT_TRUE(no_guest_is_left());
        expect_restored(start_restore());
    }
}

std::string type_name(const ::testing::TestParamInfo<GuestType>& type) {
    constexpr const char* names[] = {"pv", "pvh", "hvm"};
    return names[type.index];
}

INSTANTIATE_TEST_SUITE_P(Types, WholeSave, Values(GuestType::pv, GuestType::pvh, GuestType::hvm), type_name);

TEST_F(SaveTest, AnImageHoldsAllRecordsAndNothingElse) {
    run();
    expect_saved(start_save());
    EXPECT_EQ(std::filesystem::file_size(image_), stream_start() + std::end(record_ends)[-1]);
}

TEST_F(SaveTest, OverAnImageWhoseHeadSomebodyHasReadDoesNotGiveItsGuestTheMemoryOfAnother) {
    run_and_save();
    const auto first = definition_;
    run_and_save();
    const auto second = std::exchange(definition_, first);
    const auto end = host_.finish(start_restore());
    EXPECT_EQ(reason(end), Reason::invalid_state);
    EXPECT_THAT(end.error().message, HasSubstr("has been replaced meanwhile"));
    EXPECT_TRUE(no_guest_is_left());
    definition_ = second;
    expect_restored(start_restore());
}

// The process that writes or reads the memory

using StepOfSave = SaveTestWith<const char*>;
using StepOfRestore = SaveTestWith<const char*>;
const auto step_name = [](const auto& step) { return std::string(step.param); };

TEST_P(StepOfSave, AnAbortLetsTheGuestGoOn) {
    run();
    SaveProcesses::stop_at(GetParam());
    const auto save = start_save();
    ASSERT_TRUE(process_is_at(GetParam()));
    stop_.cancel();
    EXPECT_EQ(reason(host_.finish(save)), Reason::cancelled);
    SaveProcesses::go_on();
    expect_only_the_guest_is_left();
}

TEST_P(StepOfSave, TheDeathOfItsProcessLetsTheGuestGoOn) {
    run();
    SaveProcesses::stop_at(GetParam());
    const auto save = start_save();
    ASSERT_TRUE(process_is_at(GetParam()));
    ::kill(SaveProcesses::pid(), SIGKILL);
    const auto end = host_.finish(save);
    EXPECT_EQ(reason(end), Reason::operation_failed);
    EXPECT_FALSE(end.error().details.empty());
    SaveProcesses::go_on();
    expect_only_the_guest_is_left();
}

TEST_P(StepOfSave, ASlowProcessHoldsUpNobodyElse) {
    run();
    SaveProcesses::stop_at(GetParam());
    const auto save = start_save();
    ASSERT_TRUE(process_is_at(GetParam()));
    expect_nobody_else_waits();
    EXPECT_TRUE(waits(save));
    SaveProcesses::go_on();
    expect_saved(save);
}

INSTANTIATE_TEST_SUITE_P(Steps, StepOfSave, ValuesIn(save_steps), step_name);

TEST_P(StepOfRestore, AnAbortLeavesNothing) {
    run_and_save();
    SaveProcesses::stop_at(GetParam());
    const auto restore = start_restore();
    ASSERT_TRUE(process_is_at(GetParam()));
    stop_.cancel();
    const auto end = host_.finish(restore);
    ASSERT_FALSE(end);
    EXPECT_EQ(end.error().reason, Reason::cancelled)
        << end.error().message << fmt::format(" {}", fmt::join(end.error().details, "; "));
    SaveProcesses::go_on();
    expect_only_the_image_is_left();
}

TEST_P(StepOfRestore, TheDeathOfItsProcessLeavesNothing) {
    run_and_save();
    SaveProcesses::stop_at(GetParam());
    const auto restore = start_restore();
    ASSERT_TRUE(process_is_at(GetParam()));
    ::kill(SaveProcesses::pid(), SIGKILL);
    const auto end = host_.finish(restore);
    EXPECT_EQ(reason(end), Reason::operation_failed);
    EXPECT_FALSE(end.error().details.empty());
    SaveProcesses::go_on();
    expect_only_the_image_is_left();
}

TEST_P(StepOfRestore, ASlowReaderHoldsUpNobodyElse) {
    run_and_save();
    SaveProcesses::stop_at(GetParam());
    const auto restore = start_restore();
    ASSERT_TRUE(process_is_at(GetParam()));
    expect_nobody_else_waits();
    EXPECT_TRUE(waits(restore));
    SaveProcesses::go_on();
    expect_restored(restore);
}

INSTANTIATE_TEST_SUITE_P(Steps, StepOfRestore, ValuesIn(restore_steps), step_name);

// The disk

/// Numbered by the records of the stream.
using RecordOfImage = SaveTestWith<std::size_t>;

TEST_P(RecordOfImage, OfWhichTheDiskTakesAPartLetsTheGuestGoOn) {
    run();
    Disk::is_full_at(stream_start() + record_ends[GetParam()] - 1);
    const auto end = host_.finish(start_save());
    ASSERT_FALSE(end);
    EXPECT_EQ(end.error().reason, Reason::io);
    EXPECT_THAT(end.error().message, HasSubstr("No space left on device"));
    Disk::good_again();
    expect_only_the_guest_is_left();
}

TEST_P(RecordOfImage, ThatTheDiskIsSlowToTakeHoldsUpNobodyElse) {
    run();
    Disk::stalls_at(stream_start() + record_ends[GetParam()] - 1);
    const auto save = start_save();
    ASSERT_TRUE(host_.until([] { return Disk::is_waited_for(); }));
    expect_nobody_else_waits();
    EXPECT_TRUE(waits(save));
    Disk::good_again();
    expect_saved(save);
    ASSERT_TRUE(destroy());
    expect_restored(start_restore());
}

TEST_P(RecordOfImage, ThatTheDiskHoldsIsWaitedForNoLongerThanSomebodyWantsIt) {
    run();
    Disk::stalls_at(stream_start() + record_ends[GetParam()] - 1);
    const auto save = start_save();
    ASSERT_TRUE(host_.until([] { return Disk::is_waited_for(); }));
    stop_.cancel();
    EXPECT_EQ(reason(host_.finish(save)), Reason::cancelled);
    EXPECT_TRUE(host_.until([&] { return host_.xen().find(domid_)->runs(); })) << "it stays suspended";
    EXPECT_TRUE(Disk::is_waited_for());
    expect_nobody_else_waits();
    Disk::good_again();
    EXPECT_TRUE(host_.until([] { return Disk::is_empty(); }));
    expect_only_the_guest_is_left();
}

TEST_F(SaveTest, AnImageThatTheDiskDoesNotSyncLetsTheGuestGoOnWhenItIsNotWantedAnyMore) {
    run();
    Disk::holds_syncs();
    const auto save = start_save();
    ASSERT_TRUE(host_.until([] { return Disk::is_waited_for(); }));
    stop_.cancel();
    EXPECT_EQ(reason(host_.finish(save)), Reason::cancelled);
    EXPECT_TRUE(host_.until([&] { return host_.xen().find(domid_)->runs(); })) << "it stays suspended";
    Disk::good_again();
    EXPECT_TRUE(host_.until([] { return Disk::is_empty(); })) << "nobody was told of the image";
    expect_only_the_guest_is_left();
}

TEST_F(SaveTest, OfADiskThatNeverTakesAnImageTheGuestIsFreeInTheEnd) {
    run();
    Disk::stalls_at(stream_start() + record_ends[1] - 1);
    const auto save = start_save();
    ASSERT_TRUE(host_.until([] { return Disk::is_waited_for(); }));
    // The memory is in the channel by then: only the disk is waited for.
    ASSERT_TRUE(host_.until([&] { return host_.xen().find(domid_)->stopped == Stop::suspend; }));
    EXPECT_TRUE(waits(save));
    let_pass(limits::save_silence * 2);
    const auto end = host_.finish(save);
    ASSERT_FALSE(end);
    // libxl may be done with it by then, or not.
    EXPECT_THAT(end.error().reason, AnyOf(Reason::operation_failed, Reason::io));
    EXPECT_THAT(end.error().message, AnyOf(HasSubstr("no byte of the image has moved for 180 s"),
                                           HasSubstr("its storage has not answered within 180 s")));
    EXPECT_TRUE(host_.until([&] { return host_.xen().find(domid_)->runs(); })) << "it stays suspended";
    Disk::good_again();
}

/// A save whose context hangs, and that is given up for that.
class GivenUpSave : public SaveTest {
 protected:
    void SetUp() override {
        run();
        const auto read_before_the_header =
            fmt::format("/local/domain/{}/device/suspend/event-channel", domid_);
        host_.xenstore().hold([read_before_the_header](const Message& request) {
            return request.payload.starts_with(read_before_the_header);
        });
        const auto save = start_save();
        ASSERT_TRUE(host_.until([&] { return host_.xenstore().held() > 0; }));
        EXPECT_TRUE(waits(save));
        // Silence, the abort that is held back, and the file that is let go.
        for (int round = 0; round < 6 && !save->has_value(); ++round) {
            let_pass(limits::save_silence + seconds(1));
            host_.until([&] { return save->has_value(); }, seconds(3));
        }
        const auto end = host_.finish(save);
        ASSERT_FALSE(end);
        EXPECT_THAT(end.error().message, HasSubstr("libxl has not answered"));
    }
};

// libxl crashes where a write of its first bytes fails.
TEST_F(GivenUpSave, BeforeLibxlHasBegunEndsWhenItDoes) {
    host_.xenstore().release();
    EXPECT_TRUE(host_.until([] { return Disk::is_empty(); }));
    expect_only_the_guest_is_left();
}

TEST_F(GivenUpSave, HasItsGuestFollowedByAnotherContext) {
    host_.xen().stop(domid_, Stop::suspend);
    EXPECT_TRUE(host_.until([&] { return host_.xen().find(domid_)->runs(); })) << "it stays suspended";
    host_.xenstore().release();
    EXPECT_TRUE(host_.until([] { return Disk::is_empty(); }));
}

TEST_F(SaveTest, ADiskThatNeverSyncsAnImageIsNotTakenForAGuestThatDoesNotAnswer) {
    run();
    Disk::holds_syncs();
    const auto save = start_save();
    ASSERT_TRUE(host_.until([] { return Disk::is_waited_for(); }));
    EXPECT_TRUE(waits(save));
    let_pass(limits::save_silence * 2);
    const auto end = host_.finish(save);
    ASSERT_FALSE(end);
    EXPECT_EQ(end.error().reason, Reason::io) << "timed_out is a guest, which is asked again";
    EXPECT_THAT(end.error().message, HasSubstr("its storage has not answered within 180 s"));
    EXPECT_TRUE(host_.until([&] { return host_.xen().find(domid_)->runs(); })) << "it stays suspended";
    Disk::good_again();
    EXPECT_TRUE(host_.until([] { return Disk::is_empty(); })) << "nobody was told of the image";
}

TEST_F(SaveTest, AnImageThatTheDiskDoesNotCloseHoldsUpNobody) {
    run();
    expect_saved(start_save());
    Disk::holds_closes();
    // Its guest is still there.
    EXPECT_EQ(reason(host_.finish(start_restore())), Reason::domain_exists);
    EXPECT_TRUE(host_.until([] { return Disk::is_waited_for(); }));
    expect_nobody_else_waits();
    Disk::good_again();
    ASSERT_TRUE(destroy());
    expect_restored(start_restore());
}

TEST_F(SaveTest, AnImageThatTheDiskHasNoRoomForTroublesNoGuest) {
    domid_ = host_.machine.add("guest");
    definition_ = {.name = "guest", .uuid = host_.xen().find(domid_)->uuid, .memory_kib = 64 * 1024};
    Disk::has_room_for(1024 * 1024);
    const auto end = host_.finish(start_save());
    ASSERT_FALSE(end);
    EXPECT_EQ(end.error().reason, Reason::io);
    EXPECT_THAT(end.error().message, HasSubstr("cannot make room for 64 MiB in"));
    EXPECT_EQ(host_.guests().request(domid_), "");
    EXPECT_TRUE(Disk::is_empty());
}

/// Those before libxl's last, which is as if it were there when it is not.
using RecordOfMemory = SaveTestWith<std::size_t>;

TEST_P(RecordOfMemory, WithWhichTheImageEndsTooEarlyIsNotRestored) {
    run_and_save();
    const auto whole = image_;
    image_ += ".part";
    for (const auto missing : {0U, 1U}) {
        const auto end_of_record = record_ends[GetParam()];
        std::filesystem::copy_file(whole, image_, std::filesystem::copy_options::overwrite_existing);
        std::filesystem::resize_file(image_, stream_start() + end_of_record - missing);
        const auto end = host_.finish(start_restore());
        ASSERT_FALSE(end);
        EXPECT_TRUE(no_guest_is_left());
    }
    image_ = whole;
    expect_restored(start_restore());
}

INSTANTIATE_TEST_SUITE_P(Records, RecordOfImage, ::testing::Range<std::size_t>(0, std::size(record_ends)));
INSTANTIATE_TEST_SUITE_P(Records, RecordOfMemory,
                         ::testing::Range<std::size_t>(0, std::size(record_ends) - 2));

TEST_F(SaveTest, AnImageThatEndsInTheStateOfItsDevicesIsNotRestored) {
    run(GuestType::hvm);
    expect_saved(start_save());
    ASSERT_TRUE(destroy());
    constexpr auto last_record = 8;
    std::filesystem::resize_file(image_, std::filesystem::file_size(image_) - last_record - 1);
    const auto end = host_.finish(start_restore());
    ASSERT_FALSE(end);
    EXPECT_EQ(end.error().reason, Reason::invalid_argument);
    EXPECT_TRUE(no_guest_is_left());
}

TEST_F(SaveTest, TheGuestThatComesBackMayWhatItsXenLetItDo) {
    run();
    EXPECT_FALSE(host_.xen().find(domid_)->reads_any_msr);
    expect_saved(start_save());
    ASSERT_TRUE(destroy());
    expect_restored(start_restore());
    EXPECT_TRUE(host_.xen().find(domid_)->reads_any_msr) << "so libxl has it of images that do not say";
}

TEST_F(SaveTest, HoweverManyAreSavedAnotherGuestIsStartedMeanwhile) {
    std::vector<Pending<Result<>>> saves;
    for (unsigned i = 0; i <= limits::imaging_contexts; ++i) {
        const auto domid = host_.machine.add(fmt::format("saved-{}", i));
        const hypervisor::ImageHead head{.definition = {.name = fmt::format("saved-{}", i)}};
        saves.push_back(host_.start(host_.hypervisor().save(
            domid, head, fmt::format("{}-{}", image_.string(), i), host_.operation(stop_))));
        if (i < limits::imaging_contexts) ASSERT_TRUE(asked(domid, "suspend"));
    }
    EXPECT_NE(host_.running(host_.definition()), 0U);
    stop_.cancel();
    for (const auto& save : saves)
        EXPECT_EQ(reason(host_.finish(save)), Reason::cancelled);
}

// The guest

TEST_F(SaveTest, AGuestThatAnotherToolHasSuspendedIsNotSavedBesideThat) {
    run();
    host_.xen().stop(domid_, Stop::suspend);
    EXPECT_EQ(reason(host_.finish(start_save())), Reason::invalid_state);
    EXPECT_EQ(reason(host_.run(host_.hypervisor().suspend(domid_, host_.operation()))),
              Reason::invalid_state);
    EXPECT_EQ(host_.xen().find(domid_)->stopped, Stop::suspend);
    EXPECT_TRUE(Disk::is_empty());
}

class ReluctantGuest : public SaveTest {
 protected:
    void SetUp() override {
        domid_ = host_.machine.add("guest");
        definition_ = {.name = "guest", .uuid = host_.xen().find(domid_)->uuid};
        save_ = start_save();
        ASSERT_TRUE(asked(domid_, "suspend"));
    }
    void suspend() {
        host_.guests().acknowledge(domid_);
        host_.xen().stop(domid_, Stop::suspend);
    }
    /// A minute after libxl has begun to wait, whenever that is; well before we lose ours.
    void let_patience_end() {
        for (int minute = 0; minute < 2; ++minute) {
            let_pass(seconds(61));
            if (host_.until([&] { return save_->has_value(); }, seconds(10))) return;
        }
    }

    Pending<Result<>> save_;
};

TEST_F(ReluctantGuest, ThatNeverAnswersIsNotSaved) {
    let_patience_end();
    EXPECT_EQ(reason(host_.finish(save_)), Reason::timed_out);
    EXPECT_TRUE(Disk::is_empty());
    EXPECT_TRUE(host_.xen().find(domid_)->runs());
}

TEST_F(ReluctantGuest, ThatIsNotWaitedForGoesOn) {
    stop_.cancel();
    EXPECT_EQ(reason(host_.finish(save_)), Reason::cancelled);
    EXPECT_TRUE(Disk::is_empty());
    EXPECT_TRUE(host_.xen().find(domid_)->runs());
}

TEST_F(ReluctantGuest, ThatSuspendsItselfAfterTheAbortGoesOn) {
    stop_.cancel();
    suspend();
    EXPECT_EQ(reason(host_.finish(save_)), Reason::cancelled);
    EXPECT_TRUE(host_.until([&] { return host_.xen().find(domid_)->runs(); }));
}

TEST_F(ReluctantGuest, ThatAcknowledgesAndStaysIsNotSaved) {
    host_.guests().acknowledge(domid_);
    EXPECT_TRUE(waits(save_));
    let_patience_end();
    EXPECT_EQ(reason(host_.finish(save_)), Reason::timed_out);
    EXPECT_TRUE(host_.xen().find(domid_)->runs());
}

TEST_F(ReluctantGuest, ThatAcknowledgesAndIsNotWaitedForGoesOn) {
    host_.guests().acknowledge(domid_);
    EXPECT_TRUE(waits(save_));
    stop_.cancel();
    EXPECT_EQ(reason(host_.finish(save_)), Reason::cancelled);
    EXPECT_TRUE(host_.xen().find(domid_)->runs());
}

TEST_F(ReluctantGuest, ThatIsNotWaitedForIsNotAskedAnyMore) {
    stop_.cancel();
    EXPECT_EQ(reason(host_.finish(save_)), Reason::cancelled);
    EXPECT_EQ(host_.guests().request(domid_), "");
}

/// It has acknowledged the request before the save came to nothing.
class LateGuest : public ReluctantGuest {
 protected:
    void SetUp() override {
        ReluctantGuest::SetUp();
        host_.guests().acknowledge(domid_);
        EXPECT_TRUE(waits(save_));
        stop_.cancel();
        EXPECT_EQ(reason(host_.finish(save_)), Reason::cancelled);
    }
    /// Longer than the pauses between the looks at it.
    void let_looks_be_taken() {
        host_.until([] { return false; }, 2 * limits::late_suspend_look);
    }
    bool is_seen_suspended() { return seen(domid_)->stopped == hypervisor::StopReason::suspend; }
    bool runs() { return host_.xen().find(domid_)->runs(); }
};

TEST_F(LateGuest, ThatSuspendsItselfAtLastGoesOnAndIsNotSeenSuspended) {
    let_looks_be_taken();
    let_pass(limits::late_suspend - seconds(10));
    let_looks_be_taken();
    host_.xen().stop(domid_, Stop::suspend);
    EXPECT_FALSE(is_seen_suspended());
    EXPECT_TRUE(host_.until([&] { return runs(); }));
    EXPECT_FALSE(is_seen_suspended());
}

TEST_F(LateGuest, ThatSuspendsItselfMuchLaterHasItsOwnReasons) {
    let_pass(limits::late_suspend);
    let_looks_be_taken();
    host_.xen().stop(domid_, Stop::suspend);
    let_looks_be_taken();
    EXPECT_TRUE(is_seen_suspended());
}

TEST_F(LateGuest, ThatIsAskedAnewStaysSuspended) {
    const auto again = host_.start(host_.hypervisor().suspend(domid_, host_.operation()));
    ASSERT_TRUE(asked(domid_, "suspend"));
    suspend();
    EXPECT_TRUE(host_.finish(again));
    let_looks_be_taken();
    EXPECT_TRUE(is_seen_suspended());
}

TEST_F(LateGuest, ThatHasJustSuspendedItselfGoesOnBeforeItIsAskedAnew) {
    host_.xen().stop(domid_, Stop::suspend);
    const auto again = host_.start(host_.hypervisor().suspend(domid_, host_.operation()));
    ASSERT_TRUE(asked(domid_, "suspend"));
    EXPECT_TRUE(runs());
    suspend();
    EXPECT_TRUE(host_.finish(again));
}

TEST_F(LateGuest, ThatIsAskedAnewByAnotherToolStaysSuspended) {
    host_.xenstore().write(fmt::format("/local/domain/{}/control/shutdown", domid_), "suspend");
    let_looks_be_taken();
    suspend();
    let_looks_be_taken();
    EXPECT_TRUE(is_seen_suspended());
}

TEST_F(LateGuest, ThatSuspendsItselfForAnotherToolBetweenTwoLooksStaysSuspended) {
    let_looks_be_taken();
    host_.xenstore().write(fmt::format("/local/domain/{}/control/shutdown", domid_), "suspend");
    suspend();
    let_looks_be_taken();
    EXPECT_TRUE(is_seen_suspended());
}

TEST_F(LateGuest, ThatNobodyKnowsToBeAskedByNobodyElseStaysSuspended) {
    let_looks_be_taken();
    host_.xenstore().die();
    host_.xenstore().restart();
    ASSERT_TRUE(host_.until([&] { return host_.run(host_.hypervisor().look()).has_value(); }));
    host_.xen().stop(domid_, Stop::suspend);
    let_looks_be_taken();
    EXPECT_TRUE(is_seen_suspended());
}

TEST_F(LateGuest, ThatDiesIsFollowedNoMore) {
    host_.machine.remove(domid_);
    let_looks_be_taken();
    EXPECT_FALSE(seen(domid_));
}

/// It was asked to suspend itself by a daemon that was killed.
class ForsakenGuest : public SaveTest {
 protected:
    void SetUp() override {
        domid_ = host_.machine.add("guest");
        host_.xenstore().write(fmt::format("/local/domain/{}/control/shutdown", domid_), "suspend");
    }
    Result<> take_back() { return host_.run(take_back(host_.hypervisor(), domid_)); }
    bool runs() { return host_.xen().find(domid_)->runs(); }

 private:
    static async::Task<Result<>> take_back(hypervisor::Hypervisor& hypervisor, unsigned domid) {
        co_await hypervisor.take_back_save(domid);
        co_return Result<>{};
    }
};

TEST_F(ForsakenGuest, IsAskedNoMore) {
    ASSERT_TRUE(take_back());
    EXPECT_EQ(host_.guests().request(domid_), "");
    host_.xen().stop(domid_, Stop::suspend);
    EXPECT_FALSE(host_.until([&] { return runs(); }, 2 * limits::late_suspend_look)) << "its own wish";
}

TEST_F(ForsakenGuest, ThatHasAcknowledgedThatAndSuspendsItselfGoesOn) {
    host_.guests().acknowledge(domid_);
    ASSERT_TRUE(take_back());
    host_.xen().stop(domid_, Stop::suspend);
    EXPECT_TRUE(host_.until([&] { return runs(); }));
}

TEST_F(ReluctantGuest, ThatDiesInsteadIsNotSaved) {
    host_.machine.remove(domid_);
    EXPECT_EQ(reason(host_.finish(save_)), Reason::no_domain);
    EXPECT_TRUE(Disk::is_empty());
}

TEST_F(ReluctantGuest, ThatSuspendsItselfAtLastIsSaved) {
    suspend();
    expect_saved(save_);
}

}  // namespace
}  // namespace virtlight::fake
