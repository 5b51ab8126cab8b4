// SPDX-License-Identifier: LGPL-2.1-or-later
// An operation that is cancelled in each of its phases ends once, and leaves nothing behind.

#include <algorithm>
#include <ostream>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "libxl/clock.hpp"
#include "libxl/device_model.hpp"
#include "libxl/host_fixture.hpp"

extern "C" {
#include <xen/io/xs_wire.h>
}

namespace virtlight::fake {
namespace {

using ::testing::HasSubstr;

class AbortTest : public HostTest {
 protected:
    void expect_nothing_left(const Pending<Result<hypervisor::Created>>& create) {
        EXPECT_EQ(reason(host_.finish(create)), Reason::cancelled);
        EXPECT_TRUE(no_guest_is_left());
    }
    auto start_create(const domain::Definition& definition) {
        return host_.start(host_.hypervisor().create(definition, host_.operation(stop_)));
    }

    async::CancelSource stop_;
};

// Create

/// Named by what libxl has just asked of Xen.
class AbortOfCreate : public AbortTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(AbortOfCreate, LeavesNothing) {
    const auto held = host_.xen().calls().hold(GetParam());
    const auto definition = host_.definition();
    const auto create = start_create(definition);
    ASSERT_TRUE(host_.until([&] { return held.has_caller(); }));
    stop_.cancel();
    held.release();
    expect_nothing_left(create);
    host_.xen().calls().forget(GetParam());
    EXPECT_NE(host_.running(definition), 0U) << "it can be made again";
}

INSTANTIATE_TEST_SUITE_P(Phases, AbortOfCreate,
                         ::testing::Values("xc_physinfo", "xc_domain_create", "xc_domain_max_vcpus",
                                           "xc_dom_parse_image", "xc_dom_boot_mem_init", "xc_dom_build_image",
                                           "xc_dom_gnttab_init"),
                         [](const auto& phase) { return std::string(phase.param); });

// Soft reset

TEST_F(AbortTest, OfASoftResetThatHangsLeavesItAWhileAndThenWaitsNoMore) {
    const auto domid = host_.running(host_.definition());
    ASSERT_NE(domid, 0U);
    host_.xenstore().hold([node = fmt::format("/local/domain/{}/memory/target", domid)](
                              const Message& message) { return message.payload.starts_with(node); });
    const auto reset = host_.start(host_.hypervisor().soft_reset(domid, host_.operation(stop_)));
    ASSERT_TRUE(host_.until([&] { return host_.xenstore().held() > 0; }));
    stop_.cancel();
    EXPECT_TRUE(waits(reset)) << "what is half reset is of no use";
    let_pass(limits::libxl_abort);
    EXPECT_EQ(reason(host_.finish(reset)), Reason::cancelled);
    host_.xenstore().release();
    EXPECT_TRUE(host_.run(host_.hypervisor().destroy(domid, host_.operation())));
}

TEST_F(AbortTest, OfACreateThatWaitsForItsConsoleLeavesNothing) {
    host_.guests().stop_consoles();
    const auto create = start_create(host_.definition());
    // libxl does not give a domid again that was free only a moment ago, as one of another test's.
    const auto has_console = [this](const std::string& domid) {
        return host_.xenstore().exists("/local/domain/" + domid + "/console/ring-ref");
    };
    ASSERT_TRUE(host_.until(
        [&] { return std::ranges::any_of(host_.xenstore().children("/local/domain"), has_console); }));
    EXPECT_TRUE(waits(create));
    stop_.cancel();
    expect_nothing_left(create);
}

TEST_F(AbortTest, OfACreateThatWaitsForItsDeviceModelLeavesNothing) {
    const DeviceModels silent(DeviceModelHabit::silent);
    const auto create = start_create(host_.definition(domain::GuestType::hvm));
    ASSERT_TRUE(host_.until([] { return DeviceModels::pid() != 0; }));
    stop_.cancel();
    expect_nothing_left(create);
}

TEST_F(AbortTest, OfACreateDoesNotWaitWithoutEndForWhatIsLeftToBeRemoved) {
    const auto building = host_.xen().calls().hold("xc_dom_build_image");
    const auto create = start_create(host_.definition());
    ASSERT_TRUE(host_.until([&] { return building.has_caller(); }));
    // Not before: libxl removes at once what has a domid that was free only a moment ago.
    const auto removing = host_.xen().calls().hold("xc_domain_destroy");
    stop_.cancel();
    building.release();
    ASSERT_TRUE(host_.until([&] { return removing.has_caller(); }));
    EXPECT_TRUE(waits(create));
    let_pass(limits::libxl_removal);
    const auto end = host_.finish(create);
    EXPECT_EQ(reason(end), Reason::cancelled);
    EXPECT_THAT(end.error().details.back(), HasSubstr("cannot remove the half-made domain"));
    removing.release();
    EXPECT_TRUE(no_guest_is_left());
}

TEST_F(AbortTest, OfACreateThatLibxlEndsMuchLaterLeavesNothingEither) {
    const auto building = host_.xen().calls().hold("xc_dom_build_image");
    const auto definition = host_.definition();
    const auto create = start_create(definition);
    ASSERT_TRUE(host_.until([&] { return building.has_caller(); }));
    const auto domid = host_.xen().list().back().domid;
    EXPECT_TRUE(seen(domid));
    stop_.cancel();
    EXPECT_TRUE(waits(create));
    let_pass(limits::libxl_abort);
    EXPECT_EQ(reason(host_.finish(create)), Reason::timed_out);
    EXPECT_TRUE(host_.xen().find(domid));
    EXPECT_FALSE(seen(domid)) << "it would be taken for another tool's guest";
    const auto again = host_.run(host_.hypervisor().create(definition, host_.operation()));
    ASSERT_FALSE(again);
    EXPECT_THAT(again.error().message, HasSubstr("an earlier start of it was given up"));

    building.release();
    EXPECT_TRUE(no_guest_is_left());
    EXPECT_TRUE(host_.until(
        [&] { return host_.run(host_.hypervisor().create(definition, host_.operation())).has_value(); }));
    EXPECT_TRUE(seen(host_.xen().list().back().domid));
}

// Shutdown

bool is_about_request(const Message& message, std::uint32_t type) {
    return message.type == type && message.payload.contains("/control/shutdown");
}

/// Named by the message to xenstored that is not answered yet.
struct Phase {
    const char* name;
    std::uint32_t type;

    friend void PrintTo(const Phase& phase, std::ostream* out) { *out << phase.name; }
};

class AbortOfShutdown : public AbortTest, public ::testing::WithParamInterface<Phase> {};

TEST_P(AbortOfShutdown, EndsItOnceAndDisturbsNoOther) {
    const auto domid = host_.machine.add("guest");
    host_.xenstore().hold([](const Message& message) { return is_about_request(message, GetParam().type); });
    const auto shutdown = start_shutdown(domid, stop_);
    ASSERT_TRUE(host_.until([&] { return host_.xenstore().held() > 0; }));
    stop_.cancel();
    host_.xenstore().release();
    EXPECT_EQ(reason(host_.finish(shutdown)), Reason::cancelled);
    EXPECT_EQ(host_.guests().request(domid), "");
    const auto next = start_shutdown(domid);
    ASSERT_TRUE(awaited(domid));
    EXPECT_TRUE(waits(next));
    host_.guests().acknowledge(domid);
    EXPECT_TRUE(host_.finish(next));
}

INSTANTIATE_TEST_SUITE_P(Phases, AbortOfShutdown,
                         ::testing::Values(Phase{"TheRequestIsWritten", XS_WRITE},
                                           Phase{"TheAnswerIsWatchedFor", XS_WATCH},
                                           Phase{"TheAnswerIsRead", XS_READ}),
                         [](const auto& phase) { return phase.param.name; });

TEST_F(AbortTest, OfAShutdownBeforeLibxlHearsOfItAsksNothingOfTheGuest) {
    const auto domid = host_.machine.add("guest");
    const auto shutdown = start_shutdown(domid, stop_);
    stop_.cancel();
    EXPECT_EQ(reason(host_.finish(shutdown)), Reason::cancelled);
    const auto next = start_shutdown(domid);
    ASSERT_TRUE(awaited(domid));
    host_.guests().acknowledge(domid);
    EXPECT_TRUE(host_.finish(next));
}

}  // namespace
}  // namespace virtlight::fake
