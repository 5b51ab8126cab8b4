// SPDX-License-Identifier: LGPL-2.1-or-later
// The whole room with its threads, on the true libxl over a Xen in memory.
#include "xenlight/xen_hypervisor.hpp"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "async/event_loop.hpp"
#include "async/scope.hpp"
#include "base/temporary_folder.hpp"
#include "xenlight/fake_xen.hpp"

namespace virtlight::xenlight {
namespace {

using async::Task;
using fake_xen::Xen;
using hypervisor::LifeId;
using testing::HasSubstr;

constexpr const char* control = "/local/domain/5/control/shutdown";

class XenHypervisorTest : public testing::Test {
 public:
    void SetUp() override {
        fake.reset();
        fake.add({.domid = 5, .uuid = uuid}, "guest");
        auto opened = XenHypervisor::open(core);
        ASSERT_TRUE(opened) << opened.error().message;
        xen = std::move(*opened);
        xen->on_attention([this] {
            ++attentions;
            if (attended) std::exchange(attended, nullptr)->set(true);
        });
    }

    /// Runs the body of a test on the core.
    void run(Task<> (*body)(XenHypervisorTest&)) {
        const auto guard = core.call_at(core.now() + seconds(20), [this] {
            ADD_FAILURE() << "the test never got to its end";
            core.stop();
        });
        scope.spawn(to_the_end(body, *this));
        core.run();
        core.cancel(guard);
    }

    static Task<> to_the_end(Task<> (*body)(XenHypervisorTest&), XenHypervisorTest& t) {
        co_await body(t);
        t.core.stop();
    }

    /// Ends with the next call for attention.
    Task<> attention() {
        const async::Completion<bool> next;
        attended = &next;
        co_await next;
    }

    static Task<bool> until(XenHypervisorTest& t, std::function<bool()> done) {
        for (int i = 0; i < 1000 && !done(); ++i)
            co_await async::sleep_for(t.core, milliseconds(5));
        co_return done();
    }

    Uuid uuid = Uuid::random();
    Xen& fake = Xen::get();
    async::EventLoop core{"core"};
    async::Scope scope;
    std::unique_ptr<XenHypervisor> xen;
    int attentions = 0;
    const async::Completion<bool>* attended = nullptr;
};

TEST_F(XenHypervisorTest, KnowsTheHost) {
    const auto& host = xen->host();
    EXPECT_EQ(host.version_major, 4);
    EXPECT_EQ(host.version_minor, 17);
    EXPECT_EQ(host.version_extra, ".7");
    EXPECT_EQ(host.memory_kib, 4 * 1024 * 1024);
    EXPECT_EQ(host.cpus, 4);
    EXPECT_EQ(host.sockets_per_node, 1);
    EXPECT_EQ(host.mhz, 2500);
    EXPECT_TRUE(host.has_pv && host.has_hvm);
}

TEST_F(XenHypervisorTest, SeesAllDomains) {
    run([](XenHypervisorTest& t) -> Task<> {
        t.fake.add({.domid = 9, .shutdown = true, .reason = 3}, "crashed");
        const auto seen = co_await t.xen->look();
        EXPECT_TRUE(seen) << seen.error().message;
        if (!seen) co_return;
        EXPECT_EQ(seen->domains.size(), 3);
        EXPECT_EQ(seen->domains[0].name, "Domain-0");
        EXPECT_EQ(seen->domains[1].name, "guest");
        EXPECT_EQ(seen->domains[1].uuid, t.uuid);
        EXPECT_EQ(seen->domains[1].memory_kib, 128 * 1024);
        EXPECT_FALSE(seen->domains[1].stopped);
        EXPECT_EQ(seen->domains[2].stopped, hypervisor::StopReason::crash);
        EXPECT_EQ(seen->memory_free_kib, 1024 * 1024);
    });
}

TEST_F(XenHypervisorTest, TakesADomainOfADeviceModelForNoGuest) {
    run([](XenHypervisorTest& t) -> Task<> {
        t.fake.add({.domid = 6}, "guest-dm");
        t.fake.write("/local/domain/6/target", "5");
        t.fake.add({.domid = 7}, "a-guest-with-such-a-name-dm");
        const auto seen = co_await t.xen->look();
        EXPECT_TRUE(seen) << seen.error().message;
        if (!seen) co_return;
        std::vector<std::string> names;
        for (const auto& domain : seen->domains)
            names.push_back(domain.name);
        EXPECT_THAT(names, testing::ElementsAre("Domain-0", "guest", "a-guest-with-such-a-name-dm"));
    });
}

TEST_F(XenHypervisorTest, PausesAndUnpauses) {
    run([](XenHypervisorTest& t) -> Task<> {
        EXPECT_TRUE(co_await t.xen->pause(5, {}));
        EXPECT_EQ(t.fake.domains().back().pauses, 1);
        EXPECT_TRUE(co_await t.xen->unpause(5, {}));
        EXPECT_EQ(t.fake.domains().back().pauses, 0);
    });
}

TEST_F(XenHypervisorTest, PausesOnceAndUnpausesUntilTheGuestRuns) {
    run([](XenHypervisorTest& t) -> Task<> {
        EXPECT_TRUE(co_await t.xen->unpause(5, {})) << "it runs already";
        EXPECT_TRUE(co_await t.xen->pause(5, {}));
        EXPECT_TRUE(co_await t.xen->pause(5, {}));
        EXPECT_EQ(t.fake.domains().back().pauses, 1);
        t.fake.change(5, [](fake_xen::Domain& domain) { domain.pauses = 3; });  // xl has paused it, too
        EXPECT_TRUE(co_await t.xen->unpause(5, {}));
        EXPECT_EQ(t.fake.domains().back().pauses, 0);
    });
}

TEST_F(XenHypervisorTest, SaysThatADomainIsGone) {
    run([](XenHypervisorTest& t) -> Task<> {
        const auto paused = co_await t.xen->pause(77, {});
        EXPECT_EQ(paused.error().reason, Reason::no_domain);
        EXPECT_EQ(paused.error().message, "cannot pause domain 77: Xen has no such domain");
        EXPECT_EQ((co_await t.xen->describe(77, {})).error().reason, Reason::no_domain);
        EXPECT_EQ((co_await t.xen->request_shutdown(77, hypervisor::ShutdownMethod::acpi, {})).error().reason,
                  Reason::no_domain);
    });
}

TEST_F(XenHypervisorTest, DoesNothingToTheHostItself) {
    run([](XenHypervisorTest& t) -> Task<> {
        EXPECT_EQ((co_await t.xen->pause(0, {})).error().reason, Reason::unsupported_operation);
        EXPECT_EQ((co_await t.xen->destroy(0, {})).error().reason, Reason::unsupported_operation);
        EXPECT_EQ(t.fake.domains().front().pauses, 0);
    });
}

TEST_F(XenHypervisorTest, EndsAShutdownRequestWithTheGuestsAcknowledgement) {
    run([](XenHypervisorTest& t) -> Task<> {
        async::Completion<Result<>> ended;
        const auto ask = [](XenHypervisorTest& test, async::Completion<Result<>> done) -> Task<> {
            done.set(co_await test.xen->request_shutdown(5, hypervisor::ShutdownMethod::paravirtual, {}));
        };
        t.scope.spawn(ask(t, ended));
        EXPECT_TRUE(co_await until(t, [&] { return t.fake.read(control) == "poweroff"; }));
        // The guest is silent, and nobody else waits for it.
        EXPECT_TRUE(co_await t.xen->look());
        EXPECT_TRUE(co_await t.xen->pause(5, {}));
        EXPECT_FALSE(ended.is_set());
        t.fake.write(control, "");
        EXPECT_TRUE(co_await ended);
    });
}

TEST_F(XenHypervisorTest, EndsACancelledRequestSoon) {
    run([](XenHypervisorTest& t) -> Task<> {
        async::CancelSource cancel;
        async::Completion<Result<>> ended;
        const auto ask = [](XenHypervisorTest& test, async::CancelToken token,
                            async::Completion<Result<>> done) -> Task<> {
            done.set(co_await test.xen->request_reboot(5, {.cancel = token}));
        };
        t.scope.spawn(ask(t, cancel.token(), ended));
        EXPECT_TRUE(co_await until(t, [&] { return t.fake.read(control) == "reboot"; }));
        cancel.cancel();
        const auto rebooted = co_await ended;
        EXPECT_EQ(rebooted.error().reason, Reason::cancelled);
        EXPECT_EQ(t.fake.read(control), "") << "the guest is asked no more";
    });
}

TEST_F(XenHypervisorTest, DoesNotStartWhatIsCancelledBefore) {
    run([](XenHypervisorTest& t) -> Task<> {
        async::CancelSource cancel;
        cancel.cancel();
        const auto paused = co_await t.xen->pause(5, {.cancel = cancel.token()});
        EXPECT_EQ(paused.error().reason, Reason::cancelled);
        EXPECT_EQ(t.fake.domains().back().pauses, 0);
    });
}

TEST_F(XenHypervisorTest, HasNoPowerButtonForAPvGuest) {
    run([](XenHypervisorTest& t) -> Task<> {
        const auto pressed = co_await t.xen->request_shutdown(5, hypervisor::ShutdownMethod::acpi, {});
        EXPECT_EQ(pressed.error().reason, Reason::unsupported_operation);
    });
}

TEST_F(XenHypervisorTest, CallsForAttentionWhenDomainsComeAndGo) {
    run([](XenHypervisorTest& t) -> Task<> {
        co_await t.attention();  // the watches report at once
        EXPECT_TRUE(co_await t.xen->look());
        t.attentions = 0;
        t.fake.fire("@introduceDomain");
        EXPECT_TRUE(co_await until(t, [&] { return t.attentions >= 1; }));
        t.attentions = 0;
        t.fake.fire("@releaseDomain");
        EXPECT_TRUE(co_await until(t, [&] { return t.attentions >= 1; }));
    });
}

TEST_F(XenHypervisorTest, CallsForAttentionWhenALifeIsFollowedAsItMayBeOver) {
    run([](XenHypervisorTest& t) -> Task<> {
        co_await t.attention();
        // libxl looks once at the first life that it is given, and never at the others.
        t.xen->follow(LifeId{1}, 5);
        EXPECT_TRUE(co_await until(t, [&] { return t.attentions >= 1; }));
        EXPECT_TRUE(co_await t.xen->look());
        EXPECT_TRUE(co_await t.xen->look());
        t.attentions = 0;
        t.xen->follow(LifeId{2}, 77);
        EXPECT_TRUE(co_await until(t, [&] { return t.attentions >= 1; }));
        t.xen->unfollow(LifeId{1});
        t.xen->unfollow(LifeId{2});
        EXPECT_TRUE(co_await t.xen->look());
    });
}

TEST_F(XenHypervisorTest, DescribesADomainThatLibxlDidNotMake) {
    run([](XenHypervisorTest& t) -> Task<> {
        t.fake.write("/local/domain/5/memory/static-max", "262144");
        t.fake.write("/local/domain/5/memory/target", "130000");
        t.fake.write("/local/domain/5/console/tty", "/dev/pts/7");
        const auto described = co_await t.xen->describe(5, {});
        EXPECT_TRUE(described) << described.error().message;
        if (!described) co_return;
        EXPECT_EQ(described->name, "guest");
        EXPECT_EQ(described->uuid, t.uuid);
        EXPECT_EQ(described->type, domain::GuestType::pv);
        EXPECT_EQ(described->memory_max_kib, 262144);
        EXPECT_EQ(described->memory_kib, 130048);  // whole MiB
        EXPECT_EQ(described->vcpus, 1);
        EXPECT_EQ(described->consoles.size(), 1);
        EXPECT_EQ(described->consoles.front().tty, "/dev/pts/7");
        const auto whole = co_await t.xen->check_whole(5, {});
        EXPECT_EQ(whole.error().message,
                  "it is not known what domain 5 has: the tool that made it has kept nothing of it");
    });
}

TEST_F(XenHypervisorTest, DescribesNoTtyThatTheGuestHasPutThere) {
    run([](XenHypervisorTest& t) -> Task<> {
        t.fake.replace("/local/domain/5/console/tty", "/dev/watchdog", 5);
        const auto described = co_await t.xen->describe(5, {});
        EXPECT_TRUE(described) << described.error().message;
        if (!described) co_return;
        EXPECT_EQ(described->consoles.size(), 1);
        EXPECT_EQ(described->consoles.front().tty, "");
    });
}

TEST_F(XenHypervisorTest, RefusesToStartWithoutAKernel) {
    run([](XenHypervisorTest& t) -> Task<> {
        const auto made = co_await t.xen->create({.name = "new", .boot = {.kernel = "/nowhere"}}, {});
        EXPECT_EQ(made.error().reason, Reason::invalid_argument);
        EXPECT_THAT(made.error().message, HasSubstr("cannot start domain 'new': the kernel /nowhere"));
    });
}

TEST_F(XenHypervisorTest, RefusesToStartASecondDomainWithAUuid) {
    run([](XenHypervisorTest& t) -> Task<> {
        const test::TemporaryFolder folder;
        const std::string kernel = folder.path() / "kernel";
        std::ofstream(kernel) << "\x7f"
                                 "ELF";
        const auto made =
            co_await t.xen->create({.name = "new", .uuid = t.uuid, .boot = {.kernel = kernel}}, {});
        EXPECT_EQ(made.error().reason, Reason::domain_exists);
    });
}

TEST_F(XenHypervisorTest, RefusesToStartALabelledDomainWithoutFlask) {
    run([](XenHypervisorTest& t) -> Task<> {
        const test::TemporaryFolder folder;
        const std::string kernel = folder.path() / "kernel";
        std::ofstream(kernel) << "\x7f"
                                 "ELF";
        const auto made =
            co_await t.xen->create({.name = "new", .boot = {.kernel = kernel}, .label = "u:r:t"}, {});
        EXPECT_EQ(made.error().reason, Reason::unsupported_config);
        EXPECT_THAT(made.error().message,
                    HasSubstr("cannot start domain 'new': it is to have the label 'u:r:t', and Xen runs"));
    });
}

TEST_F(XenHypervisorTest, SaysThatXenstoredHasGoneAndGoesOnWhenItIsBack) {
    run([](XenHypervisorTest& t) -> Task<> {
        t.xen->follow(LifeId{1}, 5);
        co_await t.attention();
        t.fake.kill_xenstored();
        const auto seen = co_await t.xen->look();
        EXPECT_FALSE(seen);
        // Who meets it first says so: the look, libxl or the lifeline, or the context that is opened next.
        EXPECT_THAT(seen.error().message,
                    testing::AnyOf(HasSubstr("xenstored does not answer"), HasSubstr("libxl broke down"),
                                   HasSubstr("cannot open libxl")));
        EXPECT_FALSE(co_await t.xen->look());
        t.fake.revive_xenstored();
        EXPECT_TRUE(co_await t.xen->look());
        // It listens again, and still follows what it followed.
        EXPECT_TRUE(co_await t.xen->look());
        t.attentions = 0;
        t.fake.remove(5);
        t.fake.fire("@releaseDomain");
        EXPECT_TRUE(co_await until(t, [&] { return t.attentions >= 1; }));
        t.xen->unfollow(LifeId{1});
        EXPECT_TRUE(co_await t.xen->look());
    });
}

TEST(XenHypervisorOpen, SaysWhyItCannot) {
    auto& fake = Xen::get();
    fake.reset();
    fake.kill_xenstored();
    async::EventLoop core("core");
    const auto opened = XenHypervisor::open(core);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().reason, Reason::operation_failed);
}

// Devices

constexpr const char* vbd = "/libxl/5/device/vbd/51728";
constexpr const char* vbd_state = "/local/domain/0/backend/qdisk/5/51728/state";

domain::Disk disk_of_the_guest() {
    return {.target = domain::parse_disk_name("xvdb").value(),
            .source = domain::Disk::Source::file,
            .path = "/proc/self/exe"};
}

/// As libxl writes it, served by a QEMU.
void plug_disk(Xen& fake) {
    const std::string backend = "/local/domain/0/backend/qdisk/5/51728";
    fake.write("domid", "0");  // dom0's own
    fake.write("/local/domain/5/device/vbd/51728/state", "4");
    fake.write(backend + "/state", "4");
    fake.write(backend + "/online", "1");
    fake.write(std::string(vbd) + "/backend", backend);
    fake.write(std::string(vbd) + "/frontend", "/local/domain/5/device/vbd/51728");
    for (const auto& [node, value] :
         {std::pair("params", "aio:/proc/self/exe"), std::pair("type", "qdisk"), std::pair("dev", "xvdb"),
          std::pair("removable", "0"), std::pair("mode", "w"), std::pair("device-type", "disk")})
        fake.write(std::string(vbd) + "/" + node, value);
}

Task<> detach(XenHypervisorTest& t, async::CancelToken cancel, async::Completion<Result<>> done) {
    done.set(co_await t.xen->detach(5, disk_of_the_guest(), {.cancel = cancel}));
}

TEST_F(XenHypervisorTest, DetachesADiskWhenTheGuestHasLetGoOfIt) {
    run([](XenHypervisorTest& t) -> Task<> {
        plug_disk(t.fake);
        const async::Completion<Result<>> ended;
        t.scope.spawn(detach(t, {}, ended));
        EXPECT_TRUE(co_await until(t, [&] { return t.fake.read(vbd_state) == "5"; }));
        EXPECT_FALSE(ended.is_set());
        t.fake.write(vbd_state, "6");
        const auto detached = co_await ended;
        EXPECT_TRUE(detached) << detached.error().message;
        EXPECT_FALSE(t.fake.exists(vbd));
    });
}

TEST_F(XenHypervisorTest, SaysThatADetachThatWasCutShortHasNotHappened) {
    run([](XenHypervisorTest& t) -> Task<> {
        plug_disk(t.fake);
        async::CancelSource cancel;
        const async::Completion<Result<>> ended;
        t.scope.spawn(detach(t, cancel.token(), ended));
        EXPECT_TRUE(co_await until(t, [&] { return t.fake.read(vbd_state) == "5"; }));
        cancel.cancel();
        EXPECT_EQ((co_await ended).error().reason, Reason::cancelled);
        EXPECT_TRUE(t.fake.exists(vbd));
    });
}

TEST_F(XenHypervisorTest, RefusesDisksThatAreThereAlreadyOrNotThere) {
    run([](XenHypervisorTest& t) -> Task<> {
        auto disk = disk_of_the_guest();
        EXPECT_EQ((co_await t.xen->detach(5, disk, {})).error().reason, Reason::no_device);
        plug_disk(t.fake);
        const auto attached = co_await t.xen->attach(5, disk, {});
        EXPECT_EQ(attached.error().reason, Reason::invalid_argument);
        EXPECT_EQ(attached.error().message, "cannot attach disk xvdb to domain 5: another one is there");
        disk.path = "/nowhere";
        const auto missing = co_await t.xen->attach(5, disk, {});
        EXPECT_THAT(missing.error().message, HasSubstr("the source /nowhere of disk xvdb: No such file"));
        EXPECT_TRUE(t.fake.exists(vbd));
    });
}

TEST_F(XenHypervisorTest, HasADiskResizedByWhoeverServesIt) {
    run([](XenHypervisorTest& t) -> Task<> {
        const test::TemporaryFolder folder;
        auto disk = disk_of_the_guest();
        disk.path = folder.path() / "disk";
        std::ofstream(disk.path) << "data";
        EXPECT_EQ((co_await t.xen->resize_disk(5, disk, 1024, {})).error().reason, Reason::no_device);

        plug_disk(t.fake);
        const auto by_model = co_await t.xen->resize_disk(5, disk, 1024, {});
        EXPECT_THAT(by_model.error().message, HasSubstr("its device model cannot be reached"));
        EXPECT_EQ(std::filesystem::file_size(disk.path), 4u);

        const std::string backend = "/local/domain/0/backend/vbd/5/51728";
        t.fake.write(std::string(vbd) + "/backend", backend);
        t.fake.write(backend + "/node", "/dev/null");
        const auto by_kernel = co_await t.xen->resize_disk(5, disk, 1024, {});
        EXPECT_THAT(by_kernel.error().message, HasSubstr("its loop device /dev/null does not take them"));
        EXPECT_EQ(std::filesystem::file_size(disk.path), 1024u);
    });
}

}  // namespace
}  // namespace virtlight::xenlight
