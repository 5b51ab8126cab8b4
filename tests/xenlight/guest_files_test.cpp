// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/guest_files.hpp"

#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "async/scope.hpp"
#include "async/virtual_loop.hpp"
#include "xenlight/dead_storage.hpp"

namespace virtlight::xenlight {
namespace {

using async::Task;
using domain::Disk;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* silent = "the storage of '/silent' has not answered within 30 s";

/// Storage that answers in the order of places, where the test lets it: "/no" comes before "/silent".
class GuestFiles : public testing::Test {
 protected:
    ~GuestFiles() override { scope.drop(); }

    template <class T>
    using Answer = std::shared_ptr<std::optional<T>>;

    template <class T>
    Answer<T> start(Task<T> task) {
        const auto answer = std::make_shared<std::optional<T>>();
        const auto keep = [](Task<T> asked, Answer<T> to) -> Task<> { *to = co_await std::move(asked); };
        scope.spawn(keep(std::move(task), answer));
        return answer;
    }
    Answer<std::vector<std::string>> look_for_missing() {
        return start(look_for_missing_files(looks, guest));
    }
    Answer<Result<>> check(bool boots = true) {
        return start(check_guest_files(looks, guest, boots, cancel.token()));
    }
    Answer<Result<bool>> look_for_stale() {
        return start(look_for_stale_firmware(looks, guest, cancel.token()));
    }
    void end_one() {
        storage.end_one();
        core.run_for(Duration::zero());
    }
    static Disk disk(const char* target, const char* path, const char* backend_domain = "") {
        return {.target = domain::parse_disk_name(target).value(),
                .source = Disk::Source::file,
                .path = path,
                .backend_domain = backend_domain};
    }
    /// Whether a look there is refused, as one hangs there.
    bool is_dead(const char* place) {
        const auto answer = start(looks.look(place, [] { return Result<>(); }));
        return *answer && !**answer;
    }

    domain::Definition guest{.name = "web", .type = domain::GuestType::pv};
    async::CancelSource cancel;
    async::VirtualLoop core;
    DeadStorage storage;
    FileLooks looks{core, std::make_shared<CoreLink>(core), storage};
    async::Scope scope;
};

TEST_F(GuestFiles, ThatAreMissingAreToldAlthoughOneDoesNotAnswer) {
    guest.disks = {disk("xvda", "/no/disk"), disk("xvdb", "/silent/cd")};
    const auto missing = look_for_missing();
    end_one();
    core.run_for(limits::file_look);
    ASSERT_TRUE(*missing);
    EXPECT_THAT(**missing, ElementsAre("the source of disk xvda '/no/disk': No such file or directory",
                                       std::string("the source of disk xvdb '/silent/cd': ") + silent));
}

TEST_F(GuestFiles, ThatDoNotAnswerAreInNobodysWayElsewhere) {
    guest.boot.kernel = "/kernel";
    guest.disks = {disk("xvda", "/no/disk"), disk("xvdb", "/silent/cd")};
    guest.shared_folders = {{.tag = "home", .path = "/silent-too"}};
    look_for_missing();
    ASSERT_EQ(storage.begun(), 4u);
    end_one();
    end_one();
    core.run_for(limits::file_look + milliseconds(1));
    EXPECT_TRUE(is_dead("/silent"));
    EXPECT_TRUE(is_dead("/silent-too"));
    EXPECT_FALSE(is_dead("/no"));
    EXPECT_FALSE(is_dead("/")) << "what is mounted there says nothing of it";
}

TEST_F(GuestFiles, ThatDoNotAnswerKeepItFromStartingAndAreNamed) {
    guest.boot.kernel = "/silent/kernel";
    const auto checked = check();
    core.run_for(limits::file_look - milliseconds(1));
    EXPECT_FALSE(*checked);
    core.run_for(milliseconds(1));
    ASSERT_TRUE(*checked);
    EXPECT_EQ((**checked).error().reason, Reason::timed_out);
    EXPECT_EQ((**checked).error().message, silent);
}

TEST_F(GuestFiles, AreWaitedForNoLongerThanSomebodyWantsItToStart) {
    guest.boot.kernel = "/silent/kernel";
    const auto checked = check();
    cancel.cancel();
    core.run_for(Duration::zero());
    ASSERT_TRUE(*checked);
    EXPECT_EQ((**checked).error().reason, Reason::cancelled);
}

TEST_F(GuestFiles, ThatAreBadAreToldTheKernelFirst) {
    guest.boot = {.kernel = "/silent/kernel", .initrd = "/no/initrd"};
    guest.disks = {disk("xvda", "/no/disk")};
    const auto checked = check();
    EXPECT_EQ(storage.begun(), 2u);
    while (storage.begun() > 0)
        end_one();
    ASSERT_TRUE(*checked);
    EXPECT_THAT((**checked).error().message, HasSubstr("the kernel /silent/kernel: No such file"));
}

TEST_F(GuestFiles, OfARestoredGuestAreItsDisks) {
    guest.boot.kernel = "/silent/kernel";
    const auto diskless = check(false);
    ASSERT_TRUE(*diskless) << "its kernel is in its memory";
    EXPECT_TRUE(**diskless);
    guest.disks = {disk("xvda", "/no/disk"), disk("xvdb", "/silent/disk", "storage")};
    const auto checked = check(false);
    ASSERT_EQ(storage.begun(), 1u) << "what another domain serves is not of this host";
    end_one();
    ASSERT_TRUE(*checked);
    EXPECT_THAT((**checked).error().message, HasSubstr("the source /no/disk of disk xvda: No such file"));
}

TEST_F(GuestFiles, HaveAnHvmloaderAndAQemuAmongThemThatMayBeOfAnotherXen) {
    ASSERT_TRUE(*look_for_stale()) << "it names none";
    guest.type = domain::GuestType::hvm;
    guest.boot = {.firmware = domain::Firmware::bios, .loader = "/no/hvmloader"};
    const auto stale = look_for_stale();
    EXPECT_FALSE(*stale);
    end_one();
    ASSERT_TRUE(*stale && **stale);
    EXPECT_TRUE((**stale).value());
    guest.emulator = "/no/xen-4.1/bin/qemu-system-i386";
    const auto emulator = start(look_for_stale_emulator(looks, guest, cancel.token()));
    EXPECT_FALSE(*emulator);
    end_one();
    ASSERT_TRUE(*emulator && **emulator);
    EXPECT_TRUE((**emulator).value());
}

}  // namespace
}  // namespace virtlight::xenlight
