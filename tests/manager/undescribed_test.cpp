// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "manager/world.hpp"

namespace virtlight::manager {
namespace {

using domain::RunningReason;
using domain::Status;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// A guest of another tool's whose device model hangs, so that nobody can tell what it has.
class AGuestThatNobodyCanDescribe : public ::testing::Test, protected World {
 protected:
    AGuestThatNobodyCanDescribe() {
        guest.disks = {{.target = domain::parse_disk_name("xvda").value(),
                        .source = domain::Disk::Source::file,
                        .path = "/srv/odd.img"}};
        guest.nics = {{.mac = {{0x00, 0x16, 0x3e, 0, 0, 1}}, .bridge = "xenbr0"}};
        xen.before_effect = [this](const std::string& call) {
            if (call == "describe" && hangs) xen.fail_next(call, {Reason::timed_out, "no answer by QMP"});
        };
        xen.make(guest);
        loop.run_for(limits::adoption_patience + seconds(2));
    }
    domain::Definition live() { return manager->definition(guest.uuid, Which::live).value(); }

    domain::Definition guest = guest_named("odd");
    bool hangs = true;
};

TEST_F(AGuestThatNobodyCanDescribe, IsDescribedWhenItsDeviceModelAnswersAgain) {
    EXPECT_THAT(live().disks, IsEmpty());
    hangs = false;
    loop.run_for(limits::describe_pause + seconds(1));
    EXPECT_EQ(live().disks, guest.disks);
    EXPECT_EQ(live().nics, guest.nics);
    EXPECT_EQ(live().consoles[0].tty, "/dev/pts/1");
    EXPECT_EQ(info(guest).status, Status(RunningReason::unknown));
    EXPECT_THAT(xen.followed(), ElementsAre(1u));
    EXPECT_THAT(events(), ElementsAre("odd STARTED/0")) << "that is no other life to clients";
    const auto described = xen.count("describe");
    loop.run_for(limits::longest_describe_pause * 2);
    EXPECT_EQ(xen.count("describe"), described);
    xen.vanish(1);
    settle();
    EXPECT_FALSE(exists(guest));
}

TEST_F(AGuestThatNobodyCanDescribe, KeepsItsDisksFromOthersOnceItIsDescribed) {
    hangs = false;
    loop.run_for(limits::describe_pause + seconds(1));
    auto other = guest_named("other");
    other.disks = guest.disks;
    ASSERT_TRUE(end_of(manager->define(other)));
    const auto started = end_of(manager->start(other.uuid, {}));
    ASSERT_FALSE(started);
    EXPECT_THAT(started.error().message, HasSubstr("is used by domain 'odd'"));
}

TEST_F(AGuestThatNobodyCanDescribe, IsAskedForEverMoreSeldom) {
    loop.run_for(std::chrono::hours(1));
    const auto before = xen.count("describe");
    loop.run_for(limits::longest_describe_pause * 10);
    EXPECT_LE(xen.count("describe"), before + 10);
    EXPECT_GE(xen.count("describe"), before + 5);
}

TEST_F(AGuestThatNobodyCanDescribe, IsReadAndEndsWhileItIsDescribedAgain) {
    hangs = false;
    xen.hold("describe");
    loop.run_for(limits::describe_pause + seconds(1));
    const auto before = xen.count("describe");
    loop.run_for(limits::longest_describe_pause * 2);
    EXPECT_EQ(xen.count("describe"), before) << "it is being described already";
    EXPECT_EQ(info(guest).name, "odd");
    EXPECT_THAT(live().disks, IsEmpty());
    xen.vanish(1);
    settle();
    EXPECT_FALSE(exists(guest));
    xen.release("describe");
    look();
    EXPECT_FALSE(exists(guest));
}

TEST_F(AGuestThatNobodyCanDescribe, KeepsWhatClientsHaveSaidOfIt) {
    const domain::Metadata title{.kind = domain::MetadataKind::title, .text = "An odd one"};
    ASSERT_TRUE(end_of(manager->set_metadata(guest.uuid, title, {.guest = true})));
    hangs = false;
    loop.run_for(limits::describe_pause + seconds(1));
    EXPECT_EQ(live().title, "An odd one");
    EXPECT_EQ(live().disks, guest.disks);
}

TEST_F(AGuestThatNobodyCanDescribe, IsNotShownAsItWasBeforeAChange) {
    hangs = false;
    xen.hold("describe");
    loop.run_for(limits::describe_pause + seconds(1));
    const domain::Metadata title{.kind = domain::MetadataKind::title, .text = "Changed meanwhile"};
    ASSERT_TRUE(end_of(manager->set_metadata(guest.uuid, title, {.guest = true})));
    xen.release("describe");
    settle();
    EXPECT_THAT(live().disks, IsEmpty()) << "what was described is older";
    loop.run_for(2 * limits::describe_pause + seconds(2));
    EXPECT_EQ(live().title, "Changed meanwhile");
    EXPECT_EQ(live().disks, guest.disks);
}

}  // namespace
}  // namespace virtlight::manager
