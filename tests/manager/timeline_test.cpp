// SPDX-License-Identifier: LGPL-2.1-or-later
#include <filesystem>
#include <sstream>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.hpp"
#include "base/limits.hpp"
#include "base/temporary_folder.hpp"
#include "manager/world.hpp"

namespace virtlight::manager {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

/// A disk that may hang.
class HangingDisk final : public async::Blocking {
 public:
    explicit HangingDisk(async::Scheduler& scheduler) : at_once_(scheduler) {}
    void submit(async::Work work) override {
        if (hold)
            held_.push_back(std::move(work));
        else
            at_once_.submit(std::move(work));
    }
    void release() {
        hold = false;
        for (auto& work : std::exchange(held_, {}))
            at_once_.submit(std::move(work));
    }
    bool hold = false;

 private:
    async::BlockingInline at_once_;
    std::vector<async::Work> held_;
};

class Timelines : public ::testing::Test, protected World {
 protected:
    Timelines() : World(std::nullopt) {
        prepare = [this] { manager->keep_timelines(blocking, folder.path()); };
        start_up();
    }
    fs::path file(const std::string& name) const { return folder.path() / (name + ".jsonl"); }
    /// What is in a domain's file so far, without what differs from run to run.
    std::vector<std::string> lines(const std::string& name) {
        settle();
        std::istringstream text(read_file(file(name), 16 << 20).value_or(""));
        std::vector<std::string> lines;
        for (std::string line; std::getline(text, line);) {
            EXPECT_THAT(line, AllOf(testing::StartsWith("{\""), testing::EndsWith("}")));
            lines.push_back(line.substr(line.find("\"type\"")));
        }
        return lines;
    }

    test::TemporaryFolder folder;
    HangingDisk blocking{loop};
};

TEST_F(Timelines, TellWhoAskedForWhatAndWhatCameOfIt) {
    const auto guest = defined("web");
    {
        const Manager::Asking asking(*manager, "pid 7 (virsh), uid 0");
        begin(manager->start(guest.uuid, {}));
    }
    EXPECT_THAT(
        lines("web"),
        ElementsAre(HasSubstr(R"("type":"begin")"), AllOf(HasSubstr("defined"), HasSubstr(R"("job":)")),
                    AllOf(HasSubstr(R"("operation":"define")"), HasSubstr(R"("result":"done")")),
                    AllOf(HasSubstr(R"("operation":"start","client":"pid 7 (virsh), uid 0","waited_ms":0)")),
                    AllOf(HasSubstr(R"("domid":1)"), HasSubstr(R"("phase":"built, paused")")),
                    AllOf(HasSubstr(R"("event":"started","detail":"booted","state":"running","job":)")),
                    AllOf(HasSubstr(R"("type":"end")"), HasSubstr(R"("result":"done")"))));
}

TEST_F(Timelines, TellWhyAnOperationFailedAndWhatLibxlWroteAboutIt) {
    const auto guest = defined("web");
    xen.fail_next("create", {Reason::operation_failed, "no \"memory\"", {"libxl: xc: nope", "libxl: \x01"}});
    ASSERT_FALSE(end_of(manager->start(guest.uuid, {})));
    EXPECT_THAT(lines("web").back(),
                HasSubstr(R"("result":"failed","error":"cannot start domain 'web': no \"memory\"",)"
                          R"("lines":["libxl: xc: nope","libxl: \u0001"])"));
}

TEST_F(Timelines, CutALongTextBetweenCharacters) {
    const auto guest = defined("web");
    const std::string fits(limits::timeline_text - 1, 'x');
    xen.fail_next("create", {Reason::operation_failed, "no memory", {fits + "\u00e9"}});
    ASSERT_FALSE(end_of(manager->start(guest.uuid, {})));
    EXPECT_THAT(lines("web").back(), HasSubstr(R"("lines":[")" + fits + R"("])"));
}

TEST_F(Timelines, TellWhatHappenedWithoutBeingAskedFor) {
    running("web");
    xen.truth.at(1).paused = true;
    look();
    EXPECT_THAT(lines("web").back(),
                AllOf(HasSubstr(R"("event":"suspended")"), HasSubstr(R"("by":"the guest or another tool")")));
    xen.make(guest_named("xl-made"));
    look();
    EXPECT_THAT(lines("xl-made"), Contains(HasSubstr("made by another tool")));
}

TEST_F(Timelines, DoNotCreditAJobWithWhatIsSeenBesideIt) {
    const auto guest = running("web");
    xen.hold("shutdown");
    begin(manager->shutdown(guest.uuid, {}));
    settle();
    xen.truth.at(1).paused = true;
    look();
    EXPECT_THAT(lines("web").back(), AllOf(HasSubstr(R"("event":"suspended")"), HasSubstr(R"("by":)"),
                                           Not(HasSubstr(R"("job":)"))));
    xen.vanish(1);
    look();
    EXPECT_THAT(lines("web"), Contains(AllOf(HasSubstr(R"("event":"stopped")"), HasSubstr(R"("by":)"),
                                             Not(HasSubstr(R"("job":)")))));
}

TEST_F(Timelines, TellEveryEventThatClientsAreTold) {
    const auto guest = running("web");
    look();
    const Affects both{.guest = true, .definition = true};
    const domain::Disk disk{.target = *domain::parse_disk_name("xvdb"),
                            .source = domain::Disk::Source::file,
                            .path = "/images/more"};
    end_of(manager->attach_device(guest.uuid, disk, both)).value();
    xen.fail_next("detach", {Reason::timed_out, "the guest has not let go of it"});
    ASSERT_FALSE(end_of(manager->detach_device(guest.uuid, disk, both)));
    end_of(manager->detach_device(guest.uuid, disk, both)).value();
    end_of(manager->set_metadata(guest.uuid, {.text = "a title"}, both)).value();
    end_of(manager->set_metadata(
               guest.uuid,
               {domain::MetadataKind::element, "<place>here</place>", "its", "https://example.org/place"},
               both))
        .value();
    end_of(manager->dump_core(guest.uuid, "/tmp/core", {})).value();
    xen.truth.at(1).memory_kib = 32 * 1024;
    look();
    xen.truth.at(1).model_ended = true;
    look();
    xen.stop(1, hypervisor::StopReason::watchdog);
    look();
    const auto told = lines("web");
    EXPECT_THAT(told, Contains(HasSubstr(R"("event":"control error","state":"running","by":)")));
    const auto expect_told = [&](const std::string& event, const std::string& detail,
                                 const std::string& whose) {
        EXPECT_THAT(told, Contains(AllOf(HasSubstr(R"("event":")" + event + R"(","detail":")" + detail + '"'),
                                         HasSubstr('"' + whose + R"(":)"))));
    };
    expect_told("device added", "xen-disk1", "job");
    expect_told("device removal failed", "xen-disk1", "job");
    expect_told("device removed", "xen-disk1", "job");
    expect_told("metadata changed", "description", "job");
    expect_told("metadata changed", "element https://example.org/place", "job");
    expect_told("job ended", "completed", "job");
    expect_told("memory changed", "32768 KiB", "by");
    expect_told("watchdog fired", "poweroff", "by");
}

TEST_F(Timelines, TellThatAnotherToolHasChangedHowManyVcpusThereAre) {
    auto guest = guest_named("web");
    guest.vcpus = guest.vcpus_max = 4;
    running(guest);
    look();
    xen.truth.at(1).vcpus_online = 2;
    look();
    look();
    const auto told = HasSubstr(R"("text":"it has 2 of its vCPUs online, and had 4")");
    EXPECT_THAT(lines("web"), Contains(told).Times(1));
}

TEST_F(Timelines, TellWhatADaemonHasDecidedAtItsStart) {
    const auto saved = running("saved");
    const auto dumped = running("dumped");
    const auto ended = running("ended");
    const auto half = running("half");
    const auto restored = running("restored");
    prepare = [&, keep = prepare] {
        keep();
        store.lives.at(saved.uuid).held = Held::saving;
        store.lives.at(dumped.uuid).held = Held::dumping;
        store.lives.at(ended.uuid).held = Held::ending;
        store.images_aside.insert(restored.uuid);
        xen.truth.at(1).stopped = hypervisor::StopReason::suspend;
        xen.truth.at(2).paused = xen.truth.at(3).paused = xen.truth.at(4).paused = true;
        xen.truth.at(4).cpu_time = {};
        ASSERT_EQ(store.lives.at(half.uuid).held, Held::starting);
    };
    restart();
    settle();
    EXPECT_THAT(lines("saved"), Contains(HasSubstr("it was being saved: that has come to nothing")));
    EXPECT_THAT(lines("dumped"), Contains(HasSubstr("its core was being dumped: that has come to nothing")));
    EXPECT_THAT(lines("ended"), Contains(HasSubstr("it was being destroyed: it is")));
    EXPECT_THAT(lines("half"), Contains(HasSubstr("it was left half made as domid 4: it is destroyed")));
    EXPECT_THAT(lines("restored"), Contains(HasSubstr("what was saved of it is dropped")));
}

TEST_F(Timelines, TellThatAnImageIsTakenBackOfAGuestThatHasNotRun) {
    running("web");
    prepare = [&, keep = prepare] {
        keep();
        store.images_aside.insert(guest_named("web").uuid);
        xen.truth.at(1).paused = true;
        xen.truth.at(1).cpu_time = {};
    };
    restart();
    settle();
    EXPECT_THAT(lines("web"), Contains(HasSubstr("what was saved of it is taken back")));
}

TEST_F(Timelines, TellOfWhatWasOverBeforeItsTurn) {
    const auto guest = running("web");
    xen.hold("pause");
    begin(manager->suspend(guest.uuid));
    begin(manager->resume(guest.uuid));
    settle();
    end_of(manager->destroy(guest.uuid)).value();
    EXPECT_THAT(lines("web"),
                Contains(AllOf(HasSubstr(R"("type":"dropped")"), HasSubstr("being destroyed"))));
    EXPECT_THAT(lines("web"), Contains(AllOf(HasSubstr(R"("operation":"suspend")"), HasSubstr("cancelled"))));
}

TEST_F(Timelines, KeepTheClientOfARestoreThoughItsImageIsReadFirst) {
    const auto guest = running("web");
    end_of(manager->save(guest.uuid, "/tmp/web", {})).value();
    {
        const Manager::Asking asking(*manager, "pid 9");
        begin(manager->restore("/tmp/web", {}));
    }
    EXPECT_THAT(lines("web"), Contains(AllOf(HasSubstr(R"("operation":"restore")"), HasSubstr("pid 9"))));
}

TEST_F(Timelines, MakeWayForNewOnesWhenTheyHaveGrown) {
    const auto guest = running("web");
    const auto enough = [&] { return fs::exists(file("web") += ".1"); };
    for (int times = 0; times < 4000 && !enough(); ++times) {
        end_of(manager->suspend(guest.uuid)).value();
        end_of(manager->resume(guest.uuid)).value();
        settle();
    }
    EXPECT_TRUE(enough());
    EXPECT_LE(fs::file_size(file("web")), limits::timeline_bytes);
    EXPECT_LE(fs::file_size(file("web") += ".1"), limits::timeline_bytes);
}

TEST_F(Timelines, SayHowManyLinesASlowDiskHasMissed) {
    const auto guest = running("web");
    lines("web");
    blocking.hold = true;
    for (std::size_t i = 0; i <= limits::timeline_waiting; i += 3) {
        end_of(manager->suspend(guest.uuid)).value();
        end_of(manager->resume(guest.uuid)).value();
    }
    blocking.release();
    const auto told = lines("web");
    EXPECT_THAT(told.back(), HasSubstr(R"("type":"lost","lines":)"));
}

TEST_F(Timelines, SayHowManyLinesAFullDiskHasRefusedAsSoonAsItTakesOne) {
    running("db");
    const auto refused = lines("db").size();
    fs::create_directory(file("web"));
    log::set_level(log::Level::error);
    const auto guest = running("web");
    settle();
    fs::remove(file("web"));
    end_of(manager->suspend(guest.uuid)).value();
    end_of(manager->resume(guest.uuid)).value();
    const auto told = lines("web");
    EXPECT_THAT(told.front(), HasSubstr(fmt::format(R"("type":"lost","lines":{}}})", refused)));
    EXPECT_THAT(told, Contains(HasSubstr("lost")).Times(1));
}

TEST_F(Timelines, TellWhatTheDaemonDoesOfItselfByItsOwnName) {
    const auto guest = running("web");
    const auto other = running("db");
    store.lives.at(other.uuid).held = Held::devices;
    xen.truth.at(domid(guest)).name = "shop";
    look();
    restart();
    settle();
    EXPECT_THAT(lines("shop"), Contains(HasSubstr(R"("operation":"correct what is noted of")")));
    EXPECT_THAT(lines("web"), Contains(HasSubstr(R"("operation":"follow the new name of")")));
    EXPECT_THAT(lines("db"), Contains(HasSubstr(R"("operation":"look again at the devices of")")));
}

TEST_F(Timelines, DoNotHoldUpAnythingWhenTheyCannotBeWritten) {
    fs::create_directory(file("web"));
    log::set_level(log::Level::error);
    const auto guest = running("web");
    EXPECT_EQ(info(guest).domid, 1);
    fs::remove(file("web"));
    end_of(manager->suspend(guest.uuid)).value();
    EXPECT_THAT(lines("web").back(), HasSubstr(R"("operation":"suspend")"));
}

}  // namespace
}  // namespace virtlight::manager
