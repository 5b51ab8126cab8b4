// SPDX-License-Identifier: LGPL-2.1-or-later
// What holds a thread of libxl's holds up nothing else.

#include <atomic>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "libxl/clock.hpp"
#include "libxl/host_fixture.hpp"

extern "C" {
#include <xen/io/xs_wire.h>
}

namespace virtlight::fake {
namespace {

class ThreadsTest : public HostTest {
 protected:
    /// Leaves all reads of a node unanswered but the first.
    void answer_once(std::string node) {
        host_.xenstore().hold([this, node = std::move(node)](const Message& message) {
            return message.type == XS_READ && message.payload.contains(node) && ++reads_ > 1;
        });
    }
    bool is_held() {
        return host_.until([this] { return host_.xenstore().held() > 0; });
    }

    std::atomic<int> reads_ = 0;
};

TEST_F(ThreadsTest, ADeviceOfTheHostThatLibxlWaitsForHoldsUpNoDestroy) {
    const auto domid = host_.machine.add("guest");
    const auto other = host_.machine.add("other");
    const auto backend = fmt::format("/local/domain/0/backend/pci/{}/0/", domid);
    host_.xenstore().write(backend + "num_devs", "1");
    host_.xenstore().write(backend + "dev-0", "0000:07:00.0");
    answer_once(backend + "num_devs");
    const auto detach = host_.start(
        host_.hypervisor().detach(domid, domain::PciDevice{.address = {.bus = 7}}, host_.operation()));
    ASSERT_TRUE(is_held());
    EXPECT_TRUE(host_.run(host_.hypervisor().destroy(other, host_.operation())));
    EXPECT_FALSE(detach->has_value());
    host_.xenstore().write(backend + "num_devs", "0");
    host_.xenstore().release();
    EXPECT_TRUE(host_.finish(detach)) << "it has gone by itself";
}

TEST_F(ThreadsTest, AGuestIsMadeThoughItsConsoleCannotBeLookedUp) {
    host_.guests().stop_consoles();
    const auto create = host_.start(host_.hypervisor().create(host_.definition(), host_.operation()));
    ASSERT_TRUE(host_.until([&] { return host_.xen().list().size() > 1; }));
    const auto domid = host_.xen().list().back().domid;
    const auto console = fmt::format("/local/domain/{}/console/", domid);
    ASSERT_TRUE(host_.until([&] { return host_.xenstore().exists(console + "ring-ref"); }));
    EXPECT_TRUE(waits(create));
    answer_once(console + "tty");
    host_.xenstore().write(console + "tty", "/dev/pts/77");
    ASSERT_TRUE(is_held());
    EXPECT_TRUE(waits(create));
    let_pass(limits::libxl_answer);
    const auto made = host_.finish(create);
    host_.xenstore().release();
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_EQ(made->domid, domid);
    ASSERT_EQ(made->consoles.size(), 1U);
    EXPECT_EQ(made->consoles.front().tty, "") << "it is found later";
}

}  // namespace
}  // namespace virtlight::fake
