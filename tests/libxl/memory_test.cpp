// SPDX-License-Identifier: LGPL-2.1-or-later
// Guests that need more memory than is free, on a host whose dom0 has all that was left.

#include "domain/memory.hpp"

#include <fstream>

#include <gmock/gmock.h>

#include "base/limits.hpp"
#include "libxl/clock.hpp"
#include "libxl/save_fixture.hpp"

namespace virtlight::fake {
namespace {

using domain::mib;
using ::testing::HasSubstr;

constexpr const char* target = "/local/domain/0/memory/target";

class MemoryTest : public SaveTest {
 protected:
    /// As xen-init-dom0 leaves it, with the zero behind the text that libxl takes for granted.
    MemoryTest() {
        std::ofstream("/var/lib/xen/userdata-d.0.00000000-0000-0000-0000-000000000000.libxl-json")
            << R"({"c_info": {"type": "pv", "name": "Domain-0"}, "b_info": {"type.pv": {}}})" << '\0';
        host_.xenstore().write(target, std::to_string(dom0_kib()));
        host_.xenstore().write("/local/domain/0/memory/static-max", std::to_string(dom0_kib()));
    }

    std::uint64_t dom0_kib() { return host_.xen().find(0)->pages * 4; }
    std::uint64_t target_kib() { return std::stoull(host_.xenstore().read(target).value_or("0")); }
    std::uint64_t free_kib() { return host_.xen().free_pages() * 4; }
    /// dom0 gives what it is asked for.
    bool obey() {
        return host_.xen().change(0, [kib = target_kib()](Domain& dom0) { dom0.pages = kib / 4; });
    }

    Pending<Result<hypervisor::Created>> start_guest_of(std::uint64_t kib) {
        auto definition = host_.definition();
        definition.memory_kib = definition.memory_max_kib = kib;
        return host_.start(host_.hypervisor().create(definition, host_.operation(stop_)));
    }
    bool asked_of_dom0() {
        return host_.until([this] { return target_kib() < dom0_kib(); });
    }
};

TEST_F(MemoryTest, AGuestGetsWhatIsMissingFromDom0) {
    const auto before = dom0_kib();
    const auto create = start_guest_of(free_kib() + 200 * mib);
    ASSERT_TRUE(asked_of_dom0());
    EXPECT_TRUE(waits(create));
    obey();
    const auto made = host_.finish(create);
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_LE(dom0_kib(), before - 200 * mib);
    EXPECT_GE(dom0_kib(), before - 300 * mib) << "and no more than that";
}

TEST_F(MemoryTest, Dom0IsAskedForMoreAndLessAndKeepsItsBound) {
    const auto before = dom0_kib();
    const auto set = [&](std::uint64_t kib) {
        return host_.run(host_.hypervisor().set_memory(0, kib, host_.operation()));
    };
    ASSERT_TRUE(set(before - 200 * mib));
    EXPECT_EQ(target_kib(), before - 200 * mib);
    EXPECT_EQ(host_.xen().find(0)->max_pages * 4, before);
    ASSERT_TRUE(set(before));
    EXPECT_EQ(target_kib(), before);
    EXPECT_EQ(reason(set(before + mib)), Reason::invalid_argument);
    EXPECT_EQ(reason(set(mib)), Reason::operation_failed) << "it could do nothing with that";
}

TEST_F(MemoryTest, AGuestThatIsRestoredDoes) {
    run_and_save();
    const auto other = host_.machine.add("other");
    host_.xen().change(other, [free = host_.xen().free_pages()](Domain& domain) { domain.pages += free; });
    const auto restore = start_restore();
    ASSERT_TRUE(asked_of_dom0());
    EXPECT_TRUE(waits(restore));
    obey();
    expect_restored(restore);
}

TEST_F(MemoryTest, Dom0KeepsItsMinimum) {
    const auto before = target_kib();
    const auto made = host_.finish(start_guest_of(free_kib() + 600 * mib));
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().reason, Reason::operation_failed);
    EXPECT_THAT(made.error().message, HasSubstr("dom0, which is to have 1024 MiB, keeps its minimum of 512"));
    EXPECT_EQ(target_kib(), before);
}

TEST_F(MemoryTest, ADom0ThatGivesNothingLetsTheStartFailAndKeepsWhatItHas) {
    const auto before = target_kib();
    const auto create = start_guest_of(free_kib() + 200 * mib);
    ASSERT_TRUE(asked_of_dom0());
    EXPECT_TRUE(waits(create));
    let_pass(limits::balloon_patience);
    const auto made = host_.finish(create);
    ASSERT_FALSE(made);
    EXPECT_THAT(made.error().message, HasSubstr("for which dom0 was asked and which it has not given"));
    EXPECT_EQ(target_kib(), before);
}

TEST_F(MemoryTest, AStartThatIsCancelledMeanwhileAsksNothingMoreOfDom0) {
    const auto before = target_kib();
    const auto create = start_guest_of(free_kib() + 200 * mib);
    ASSERT_TRUE(asked_of_dom0());
    stop_.cancel();
    EXPECT_EQ(reason(host_.finish(create)), Reason::cancelled);
    EXPECT_EQ(target_kib(), before);
    EXPECT_TRUE(no_guest_is_left());
}

TEST_F(MemoryTest, AGuestThatAnotherToolStartsMeanwhileIsNotStartedASecondTime) {
    auto definition = host_.definition();
    definition.memory_kib = definition.memory_max_kib = free_kib() + 200 * mib;
    const auto create = host_.start(host_.hypervisor().create(definition, host_.operation(stop_)));
    ASSERT_TRUE(asked_of_dom0());
    const auto theirs = host_.machine.add("theirs", definition.uuid);
    ASSERT_TRUE(host_.until([&] { return obey() && create->has_value(); }));
    const auto made = host_.finish(create);
    ASSERT_FALSE(made) << "both would have its disks, and one place in xenstore";
    EXPECT_EQ(made.error().reason, Reason::domain_exists);
    EXPECT_TRUE(host_.xen().find(theirs)->runs());
    EXPECT_EQ(host_.xen().list().size(), 2U);
}

TEST_F(MemoryTest, OfTwoGuestsNoneCountsOnWhatIsTheOthers) {
    const auto building = host_.xen().calls().hold("xc_dom_boot_mem_init");
    const auto one = start_guest_of(4096 * mib);
    ASSERT_TRUE(host_.until([&] { return building.has_caller(); }));
    const auto other = start_guest_of(3200 * mib);
    ASSERT_TRUE(asked_of_dom0()) << "the first guest's memory still looks free";
    obey();
    building.release();
    const auto first = host_.finish(one);
    const auto second = host_.finish(other);
    EXPECT_TRUE(first) << first.error().message;
    EXPECT_TRUE(second) << second.error().message;
}

TEST_F(MemoryTest, OfTwoGuestsTheSecondWaitsForTheFirstsMemory) {
    const auto one = start_guest_of(free_kib() + 100 * mib);
    ASSERT_TRUE(asked_of_dom0());
    const auto other = start_guest_of(64 * mib);
    EXPECT_TRUE(waits(other));
    obey();
    EXPECT_TRUE(host_.finish(one));
    EXPECT_TRUE(host_.until([&] { return obey() && other->has_value(); }));
    EXPECT_TRUE(host_.finish(other));
}

TEST_F(MemoryTest, AGuestLeavesWhatAGuestThatAnotherToolBuildsHasClaimed) {
    const auto built_by_xl = host_.machine.add("other");
    host_.xen().change(built_by_xl,
                       [free = host_.xen().free_pages()](Domain& domain) { domain.claimed_pages = free; });
    const auto create = start_guest_of(64 * mib);
    ASSERT_TRUE(asked_of_dom0());
    EXPECT_TRUE(waits(create));
    obey();
    const auto made = host_.finish(create);
    EXPECT_TRUE(made) << made.error().message;
}

}  // namespace
}  // namespace virtlight::fake
