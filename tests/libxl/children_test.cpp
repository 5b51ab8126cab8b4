// SPDX-License-Identifier: LGPL-2.1-or-later
// What libxl's children do to the operations that started them: they are slow, die, or end before anybody
// looks.

#include <atomic>
#include <csignal>

#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libxl/child_calls.hpp"
#include "libxl/device_model.hpp"
#include "libxl/host_fixture.hpp"

namespace virtlight::fake {
namespace {

std::atomic<bool> forks_wait = false;

/// Lets fork() return in the parent only when a child has ended.
void wait_for_end_of_child() {
    if (!forks_wait.exchange(false)) return;
    siginfo_t ended;
    ::waitid(P_ALL, 0, &ended, WEXITED | WNOWAIT);
}

class ChildrenOfLibxl : public HostTest {
 protected:
    auto start_hvm() {
        return host_.start(
            host_.hypervisor().create(host_.definition(domain::GuestType::hvm), host_.operation()));
    }
    template <class T>
    void expect_failure(const Pending<T>& pending) {
        const auto end = host_.finish(pending);
        ASSERT_FALSE(end);
        EXPECT_EQ(end.error().reason, Reason::operation_failed) << end.error().message;
        EXPECT_FALSE(end.error().details.empty());
    }
};

TEST_F(ChildrenOfLibxl, AChildThatEndsBeforeItIsWatchedIsNotMissed) {
    static const int registered = ::pthread_atfork(nullptr, wait_for_end_of_child, nullptr);
    ASSERT_EQ(registered, 0);
    const auto domid = host_.machine.add("guest");
    forks_wait = true;
    EXPECT_TRUE(host_.run(host_.hypervisor().destroy(domid, host_.operation())));
    EXPECT_FALSE(forks_wait);
    EXPECT_FALSE(host_.xen().find(domid));
}

TEST_F(ChildrenOfLibxl, ADestroyerThatIsKilledEndsTheDestroyWithAReason) {
    const auto domid = host_.machine.add("guest");
    const auto destroying = host_.xen().calls().hold("xc_domain_destroy");
    const auto destroy = host_.start(host_.hypervisor().destroy(domid, host_.operation()));
    ASSERT_TRUE(host_.until([&] { return destroying.has_caller(); }));
    ASSERT_NE(ChildCalls::last_caller(), 0);
    ::kill(ChildCalls::last_caller(), SIGKILL);
    expect_failure(destroy);
}

TEST_F(ChildrenOfLibxl, ADeviceModelThatIsSlowHoldsUpOnlyItsOwnGuest) {
    const DeviceModels silent(DeviceModelHabit::silent);
    const auto slow = start_hvm();
    ASSERT_TRUE(host_.until([] { return DeviceModels::pid() != 0; }));
    EXPECT_NE(host_.running(host_.definition()), 0U);
    EXPECT_TRUE(waits(slow));
    DeviceModels::speak();
    EXPECT_TRUE(host_.finish(slow));
}

TEST_F(ChildrenOfLibxl, ADeviceModelThatExitsAtOnceFailsTheCreateAndLeavesNothing) {
    const DeviceModels broken(DeviceModelHabit::exits);
    expect_failure(start_hvm());
    EXPECT_TRUE(no_guest_is_left());
}

TEST_F(ChildrenOfLibxl, ADeviceModelThatIsKilledFailsTheCreateAndLeavesNothing) {
    const DeviceModels silent(DeviceModelHabit::silent);
    const auto create = start_hvm();
    ASSERT_TRUE(host_.until([] { return DeviceModels::pid() != 0; }));
    ::kill(DeviceModels::pid(), SIGKILL);
    expect_failure(create);
    EXPECT_TRUE(no_guest_is_left());
}

}  // namespace
}  // namespace virtlight::fake
