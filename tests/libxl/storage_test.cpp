// SPDX-License-Identifier: LGPL-2.1-or-later
// Guests whose files are on storage that does not answer.

#include <fstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "libxl/clock.hpp"
#include "libxl/disk.hpp"
#include "libxl/host_fixture.hpp"

namespace virtlight::fake {
namespace {

using ::testing::HasSubstr;

class StorageTest : public HostTest {
 protected:
    StorageTest() {
        std::ofstream(kernel_) << "\177ELF";
        Disk::holds_closes();
    }
    Pending<Result<hypervisor::Created>> start_guest() {
        auto definition = host_.definition();
        definition.boot.kernel = kernel_;
        return host_.start(host_.hypervisor().create(definition, host_.operation(stop_)));
    }
    bool is_waited_for() {
        return host_.until([] { return Disk::is_waited_for(); });
    }

    Disk disk_;
    std::string kernel_ = std::string(Disk::folder) + "/kernel";
    async::CancelSource stop_;
};

TEST_F(StorageTest, AKernelThatDoesNotAnswerHoldsUpNoOtherGuest) {
    std::vector<Pending<Result<hypervisor::Created>>> starts;
    for (unsigned i = 0; i < limits::working_contexts; ++i)
        starts.push_back(start_guest());
    ASSERT_TRUE(is_waited_for());
    EXPECT_NE(host_.running(host_.definition()), 0U);
    let_pass(limits::file_look);
    for (const auto& start : starts) {
        const auto started = host_.finish(start);
        ASSERT_FALSE(started);
        EXPECT_EQ(started.error().reason, Reason::timed_out);
        EXPECT_THAT(started.error().message,
                    HasSubstr("the storage of '/run/images' has not answered within 30 s"));
    }
    Disk::good_again();
    EXPECT_TRUE(host_.until([&] { return host_.finish(start_guest()).has_value(); }));
}

TEST_F(StorageTest, AKernelThatDoesNotAnswerIsWaitedForNoLongerThanSomebodyWants) {
    const auto start = start_guest();
    ASSERT_TRUE(is_waited_for());
    stop_.cancel();
    EXPECT_EQ(reason(host_.finish(start)), Reason::cancelled);
    EXPECT_TRUE(no_guest_is_left());
}

TEST_F(StorageTest, ADiskThatAnotherDomainServesIsNotLookedForHere) {
    const auto guest = host_.running(host_.definition());
    const auto start = start_guest();
    ASSERT_TRUE(is_waited_for());
    const domain::Disk disk{.target = domain::parse_disk_name("xvdb").value(),
                            .source = domain::Disk::Source::file,
                            .path = kernel_,
                            .backend_domain = "nobody"};
    const auto attached = host_.run(host_.hypervisor().attach(guest, disk, host_.operation()));
    ASSERT_FALSE(attached) << "there is no such domain";
    EXPECT_NE(attached.error().reason, Reason::internal) << attached.error().message;
    stop_.cancel();
    EXPECT_EQ(reason(host_.finish(start)), Reason::cancelled);
}

}  // namespace
}  // namespace virtlight::fake
