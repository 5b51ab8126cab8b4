// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>

#include "manager/saving_test.hpp"

// How many vCPUs are saved with a guest. What its device model has, FakeHypervisor::definitions tell.

namespace virtlight::manager {
namespace {

using domain::RunningReason;
using domain::Status;

TEST_F(Saving, KeepsTheVcpusOfADeviceModelAndBringsBackThoseOfItsGuest) {
    const auto guest = running_hvm(2);
    set_vcpus(guest, 1);
    for (int round = 0; round < 2; ++round) {
        ASSERT_TRUE(end_of(manager->save(guest.uuid, path, {})));
        EXPECT_EQ(xen.images.at(path).definition.vcpus, 2u);
        EXPECT_EQ(xen.images.at(path).vcpus_online, 1u);
        ASSERT_TRUE(end_of(manager->restore(path, {})));
        EXPECT_EQ(xen.definitions.at(domid_of(guest)).vcpus, 2u) << "it takes its state with just as many";
        look();
        EXPECT_EQ(info(guest).vcpus, 1u);
        EXPECT_EQ(manager->definition(guest.uuid, Which::live)->vcpus, 1u);
        EXPECT_EQ(store.lives.at(guest.uuid).definition.vcpus, 1u);
    }
    saved(guest);
    ASSERT_TRUE(end_of(manager->start(guest.uuid, {})));
    EXPECT_EQ(xen.definitions.at(domid_of(guest)).vcpus, 2u);
    look();
    EXPECT_EQ(info(guest).vcpus, 1u);
    EXPECT_EQ(manager->definition(guest.uuid, Which::stored)->vcpus, 2u);
}

TEST_F(Saving, KeepsTheVcpusThatAnotherToolHasGivenADeviceModel) {
    const auto guest = running_hvm(1);
    xen.definitions.at(1).vcpus = 2;
    xen.truth.at(1).vcpus_online = 2;
    look();
    ASSERT_TRUE(end_of(manager->save(guest.uuid, path, {})));
    EXPECT_EQ(xen.images.at(path).definition.vcpus, 2u);
    EXPECT_EQ(xen.images.at(path).vcpus_online, 0u) << "all of them";
    ASSERT_TRUE(end_of(manager->restore(path, {})));
    look();
    EXPECT_EQ(info(guest).vcpus, 2u);
    EXPECT_EQ(xen.count("set_vcpus"), 0u);
}

TEST_F(Saving, OfAGuestThatBootsTakesNoVcpusFromIt) {
    const auto guest = running_hvm(2);
    xen.truth.at(1).vcpus_online = 1;  // it has not come to the second yet
    look();
    ASSERT_TRUE(end_of(manager->save(guest.uuid, path, {})));
    EXPECT_EQ(xen.images.at(path).definition.vcpus, 2u);
    EXPECT_EQ(xen.images.at(path).vcpus_online, 0u);
}

TEST_F(Saving, OfAGuestWhoseDeviceModelCannotBeCountedFailsBeforeItIsAsked) {
    const auto guest = running_hvm(2);
    xen.fail_next("describe", {Reason::operation_failed, "no answer"});
    expect_refused(end_of(manager->save(guest.uuid, path, {})), Reason::operation_failed,
                   "how many vCPUs its device model has is not known: no answer");
    EXPECT_EQ(xen.count("save"), 0u);
    EXPECT_EQ(info(guest).status.state, domain::State::running);
    EXPECT_NE(store.lives.at(guest.uuid).held, Held::saving);
}

TEST_F(Saving, OfAGuestThatEndsMeanwhileFails) {
    const auto guest = running_hvm(2);
    xen.hold("describe");
    const auto saving = begin(manager->save(guest.uuid, path, {}));
    settle();
    xen.vanish(1);
    look();
    xen.release("describe");
    EXPECT_FALSE(end_of(saving));
    EXPECT_EQ(xen.count("save"), 0u);
}

TEST_F(Saving, AsksNobodyForTheVcpusOfAGuestWithoutADeviceModel) {
    const auto guest = running("web");
    ASSERT_TRUE(end_of(manager->save(guest.uuid, path, {})));
    EXPECT_EQ(xen.count("describe"), 0u);
    EXPECT_EQ(xen.images.at(path).vcpus_online, 0u);
}

TEST_F(Saving, TakesTheVcpusOfAnotherDefinitionForThoseThatAreToBeOnline) {
    auto guest = running_hvm(2);
    guest.vcpus = 1;
    ASSERT_TRUE(end_of(manager->save(guest.uuid, path, {.definition = guest})));
    EXPECT_EQ(xen.images.at(path).definition.vcpus, 2u);
    EXPECT_EQ(xen.images.at(path).vcpus_online, 1u);
    guest.vcpus = 2;
    ASSERT_TRUE(end_of(manager->change_image(path, {.definition = guest})));
    EXPECT_EQ(xen.images.at(path).definition.vcpus, 2u);
    guest.vcpus = 1;
    ASSERT_TRUE(end_of(manager->restore(path, {.definition = guest})));
    EXPECT_EQ(xen.definitions.at(domid_of(guest)).vcpus, 2u);
    EXPECT_EQ(xen.truth.at(domid_of(guest)).vcpus_online, 1u);
}

TEST_F(Saving, OfAGuestThatCannotBeAskedForItsVcpusIsRestoredAllTheSame) {
    const auto guest = running_hvm(2);
    set_vcpus(guest, 1);
    saved(guest);
    xen.fail_next("set_vcpus", {Reason::operation_failed, "no answer"});
    const auto started = end_of(manager->start(guest.uuid, {}));
    ASSERT_TRUE(started) << started.error().message;
    EXPECT_EQ(info(guest).status, Status(RunningReason::restored));
    EXPECT_EQ(manager->definition(guest.uuid, Which::live)->vcpus, 2u);
}

}  // namespace
}  // namespace virtlight::manager
