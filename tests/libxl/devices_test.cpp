// SPDX-License-Identifier: LGPL-2.1-or-later
// How devices come to guests that run, and leave them.

#include <optional>
#include <string>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "libxl/clock.hpp"
#include "libxl/host_fixture.hpp"

extern "C" {
#include <xen/io/xenbus.h>
#include <xen/io/xs_wire.h>
}

namespace virtlight::fake {
namespace {

class DevicesTest : public HostTest {
 protected:
    /// As libxl writes it, served by a QEMU.
    void plug_disk() {
        auto& xenstore = host_.xenstore();
        xenstore.write(frontend_ + "/state", "4");
        xenstore.write(backend_ + "/state", "4");
        xenstore.write(backend_ + "/online", "1");
        xenstore.write(vbd_ + "/backend", backend_);
        xenstore.write(vbd_ + "/frontend", frontend_);
        for (const auto& [node, value] :
             {std::pair("params", "aio:/proc/self/exe"), std::pair("type", "qdisk"), std::pair("dev", "xvdb"),
              std::pair("removable", "0"), std::pair("mode", "w"), std::pair("device-type", "disk")})
            xenstore.write(fmt::format("{}/{}", vbd_, node), value);
    }
    Pending<Result<>> start_detach() {
        const domain::Disk disk{.target = domain::parse_disk_name("xvdb").value(),
                                .source = domain::Disk::Source::file,
                                .path = "/proc/self/exe"};
        return host_.start(host_.hypervisor().detach(domid_, disk, host_.operation()));
    }
    /// The guest has been asked, and libxl waits for it.
    bool is_asked(const Pending<Result<>>& detach) {
        return host_.until([&] { return host_.xenstore().read(backend_ + "/state") == "5"; }) &&
               waits(detach);
    }
    /// A detach for which the guest does not let go of its disk in time.
    Result<> detach_in_vain() {
        plug_disk();
        const auto detach = start_detach();
        EXPECT_TRUE(is_asked(detach));
        let_pass(seconds(11));
        return host_.finish(detach);
    }
    void let_go() { host_.xenstore().write(backend_ + "/state", "6"); }

    unsigned domid_ = host_.machine.add("guest");
    std::string vbd_ = fmt::format("/libxl/{}/device/vbd/51728", domid_);
    std::string frontend_ = fmt::format("/local/domain/{}/device/vbd/51728", domid_);
    std::string backend_ = fmt::format("/local/domain/0/backend/qdisk/{}/51728", domid_);
};

class DriveTest : public HostTest {
 protected:
    /// As libxl writes it, in this state of its backend.
    void plug_drive(xenbus_state state) {
        host_.xenstore().write(fmt::format("/libxl/{}/device/vbd/5632/backend", domid_), backend_);
        host_.xenstore().write(backend_ + "/state", fmt::format("{}", static_cast<int>(state)));
        host_.xenstore().write(backend_ + "/online", "1");
    }
    /// libxl changes no medium of this guest, which is none with a device model.
    void change_in_vain() {
        const domain::Disk full{.target = domain::parse_disk_name("hdc").value(),
                                .device = domain::Disk::Device::cdrom,
                                .source = domain::Disk::Source::file,
                                .path = "/proc/self/exe"};
        EXPECT_FALSE(host_.run(host_.hypervisor().update(domid_, full, host_.operation())));
    }
    std::optional<std::string> online() { return host_.xenstore().read(backend_ + "/online"); }

    unsigned domid_ = host_.machine.add("guest");
    std::string backend_ = fmt::format("/local/domain/0/backend/qdisk/{}/5632", domid_);
};

TEST_F(DriveTest, ThatTheDeviceModelHasNotMadeIsHiddenFromItUntilItHasAMedium) {
    plug_drive(XenbusStateInitialising);
    change_in_vain();
    EXPECT_EQ(online(), "0");
}

TEST_F(DriveTest, ThatTheDeviceModelHasMadeStaysAsItIs) {
    plug_drive(XenbusStateConnected);
    change_in_vain();
    EXPECT_EQ(online(), "1");
}

TEST_F(DevicesTest, ADiskThatHoldsLibxlHoldsUpNoOtherGuest) {
    plug_disk();
    const auto other = host_.machine.add("other");
    host_.xenstore().hold([node = backend_ + "/state"](const Message& message) {
        return message.type == XS_READ && message.payload.contains(node);
    });
    const auto detach = start_detach();
    ASSERT_TRUE(host_.until([&] { return host_.xenstore().held() > 0; }));
    EXPECT_TRUE(host_.run(host_.hypervisor().pause(other, host_.operation())));
    EXPECT_FALSE(detach->has_value());
    host_.xenstore().release();
    let_go();
    EXPECT_TRUE(host_.finish(detach));
}

TEST_F(DevicesTest, AGuestThatDoesNotLetGoOfItsDiskKeepsIt) {
    const auto kept = detach_in_vain();
    ASSERT_FALSE(kept);
    EXPECT_EQ(kept.error().reason, Reason::timed_out);
    EXPECT_THAT(kept.error().message, testing::HasSubstr("has not let go of it in time; it may still do so"));
    EXPECT_TRUE(host_.xenstore().exists(frontend_));
    EXPECT_TRUE(host_.xenstore().exists(vbd_));
}

TEST_F(DevicesTest, ADiskThatAGuestHasLetGoOfTooLateGoesWithTheNextDetach) {
    ASSERT_EQ(reason(detach_in_vain()), Reason::timed_out);
    let_go();
    EXPECT_TRUE(host_.xenstore().exists(vbd_)) << "nobody clears it away";
    const auto again = host_.finish(start_detach());
    EXPECT_TRUE(again) << again.error().message;
    EXPECT_FALSE(host_.xenstore().exists(frontend_));
    EXPECT_FALSE(host_.xenstore().exists(vbd_));
}

/// A disk that comes to a guest.
class AttachTest : public DevicesTest {
 protected:
    auto start_attach(const async::CancelSource& stop) {
        const domain::Disk disk{.target = domain::parse_disk_name("xvdb").value(),
                                .source = domain::Disk::Source::file,
                                .path = host_.machine.kernel(),
                                .backend = domain::Disk::Backend::phy};
        return host_.start(host_.hypervisor().attach(guest_, disk, host_.operation(stop)));
    }
    /// libxl has the lock, and begins to write as soon as xenstored answers again.
    bool is_held_in_libxl() {
        host_.xenstore().hold([](const Message& message) { return message.type == XS_TRANSACTION_START; });
        attach_ = start_attach(stop_);
        return host_.until([&] { return host_.xenstore().held() > 0; });
    }
    void attach_by_another_tool() {
        host_.xenstore().write(device_, "");
        host_.xenstore().write(device_ + "/backend", served_);
    }

    unsigned guest_ = host_.running(host_.definition());
    std::string device_ = fmt::format("/libxl/{}/device/vbd/51728", guest_);
    std::string served_ = fmt::format("/local/domain/0/backend/vbd/{}/51728", guest_);
    async::CancelSource stop_;
    Pending<Result<>> attach_;
};

TEST_F(AttachTest, LeavesTheGuestWhatAnotherToolHasAttachedThereMeanwhile) {
    ASSERT_TRUE(is_held_in_libxl());
    attach_by_another_tool();
    host_.xenstore().release();
    const auto end = host_.finish(attach_);
    ASSERT_FALSE(end);
    EXPECT_EQ(end.error().reason, Reason::invalid_argument);
    EXPECT_THAT(end.error().message, testing::HasSubstr("another one is there"));
    EXPECT_TRUE(host_.xenstore().exists(device_));
}

/// An attach that was given up, while libxl goes on with it.
class GivenUpAttach : public AttachTest {
 protected:
    Result<> attach_again() { return host_.finish(start_attach({})); }
    void give_up() {
        ASSERT_TRUE(is_held_in_libxl());
        stop_.cancel();
        EXPECT_TRUE(waits(attach_));
        let_pass(limits::libxl_abort);
        EXPECT_EQ(reason(host_.finish(attach_)), Reason::timed_out);
        EXPECT_FALSE(host_.xenstore().exists(device_));
    }
    bool is_gone() {
        if (host_.xenstore().read(served_ + "/state") == "5") host_.xenstore().write(served_ + "/state", "6");
        return !host_.xenstore().exists(device_) && !host_.xenstore().exists(served_);
    }
};

TEST_F(GivenUpAttach, IsTakenBackWhenLibxlEndsIt) {
    give_up();
    const auto again = attach_again();
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().reason, Reason::operation_failed);
    EXPECT_THAT(again.error().message, testing::HasSubstr("an earlier attach of it was given up"));
    host_.xenstore().release();
    ASSERT_TRUE(host_.until([&] { return host_.xenstore().exists(device_); })) << "it comes after all";
    EXPECT_TRUE(host_.until([&] { return is_gone(); }));
}

TEST_F(GivenUpAttach, LeavesWhatAnotherToolHasAttachedThereMeanwhile) {
    give_up();
    attach_by_another_tool();
    host_.xenstore().release();
    EXPECT_TRUE(host_.until([&] { return reason(attach_again()) == Reason::invalid_argument; }));
    EXPECT_TRUE(host_.xenstore().exists(device_));
}

TEST_F(DevicesTest, AGuestThatKeptItsDiskIsAskedAgain) {
    ASSERT_EQ(reason(detach_in_vain()), Reason::timed_out);
    const auto again = start_detach();
    ASSERT_TRUE(is_asked(again));
    let_go();
    EXPECT_TRUE(host_.finish(again));
    EXPECT_FALSE(host_.xenstore().exists(vbd_));
}

TEST_F(DevicesTest, APciDeviceWhoseDriverDoesNotLetGoOfItMayStillChangeUntilThatEnds) {
    const domain::PciAddress card{.bus = 7};
    const auto releasing = host_.xen().calls().hold("xc_deassign_device");
    const auto give_back = host_.start(host_.hypervisor().set_assignable(card, false, host_.operation()));
    ASSERT_TRUE(host_.until([&] { return releasing.has_caller(); }));
    EXPECT_FALSE(host_.hypervisor().may_still_change(card)) << "somebody waits for it";
    let_pass(limits::libxl_answer);
    const auto end = host_.finish(give_back);
    EXPECT_EQ(reason(end), Reason::timed_out);
    EXPECT_THAT(end.error().message, testing::StartsWith("cannot give back PCI device 0000:07:00.0: "));
    EXPECT_TRUE(host_.hypervisor().may_still_change(card));
    EXPECT_FALSE(host_.hypervisor().may_still_change({.bus = 8}));
    releasing.release();
    EXPECT_TRUE(host_.until([&] { return !host_.hypervisor().may_still_change(card); }));
}

}  // namespace
}  // namespace virtlight::fake
