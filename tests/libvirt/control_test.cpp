// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libvirt/control_messages.hpp"
#include "libvirt/conversation.hpp"
#include "libvirt/flags.hpp"
#include "libvirt/statistics_messages.hpp"

namespace virtlight::libvirt {
namespace {

using testing::HasSubstr;

/// What is asked of a domain now and then.
class ControlTest : public ConversationTest {
 protected:
    void SetUp() override {
        dom = talk.call<Domain>(
                      11, std::string("<domain type='xen'><name>web</name><memory unit='MiB'>64</memory>"
                                      "<os><type>linux</type><kernel>/boot/guest</kernel></os><devices>"
                                      "<disk type='file'><source file='/srv/web.img'/><target dev='xvda'/>"
                                      "</disk></devices></domain>"))
                  .value();
    }
    domain::Definition definition(manager::Which which) {
        return talk.manager->definition(dom.uuid, which).value();
    }

    Domain dom;
};

TEST_F(ControlTest, OfADomainThatRunsSaysWhetherSomethingIsDoneToIt) {
    EXPECT_EQ(refusal<ControlInfo>(229, DomainFlags{dom}).reason, Reason::invalid_state);
    EXPECT_TRUE(talk.call<void>(9, dom));
    EXPECT_EQ(talk.call<ControlInfo>(229, DomainFlags{dom}).value(), ControlInfo());
}

TEST_F(ControlTest, DisksHaveNoErrors) {
    EXPECT_EQ(refusal<DiskErrorsReply>(263, DiskErrorsArgs{dom, 1}).reason, Reason::invalid_state);
    EXPECT_TRUE(talk.call<void>(9, dom));
    EXPECT_EQ(talk.call<DiskErrorsReply>(263, DiskErrorsArgs{dom, 0}).value(), (DiskErrorsReply{{}, 1}));
    EXPECT_EQ(talk.call<DiskErrorsReply>(263, DiskErrorsArgs{dom, 1}).value(), DiskErrorsReply());
}

TEST_F(ControlTest, BytesOfADiskAreThoseThatAreMeant) {
    EXPECT_EQ(talk.call<std::string>(103, BlockPeekArgs{dom, "xvda", 512, 3}).value(),
              "3 of /srv/web.img from 512");
    EXPECT_THAT(refusal<std::string>(103, BlockPeekArgs{dom, "/srv/other.img", 0, 1}).message,
                HasSubstr("no such disk"));
    EXPECT_EQ(refusal<std::string>(103, BlockPeekArgs{dom, "xvda", 0, 4 * 1024 * 1024 + 1}).reason,
              Reason::invalid_argument);
}

TEST_F(ControlTest, LifecycleActionsHaveLibvirtsNumbers) {
    using domain::LifecycleAction;
    EXPECT_TRUE(talk.call<void>(390, LifecycleActionArgs{dom, 0, 3, flag::config}));
    EXPECT_TRUE(talk.call<void>(390, LifecycleActionArgs{dom, 1, 0, flag::config}));
    EXPECT_TRUE(talk.call<void>(390, LifecycleActionArgs{dom, 2, 5, 0}));
    const auto stored = definition(manager::Which::stored);
    EXPECT_EQ(stored.on_poweroff, LifecycleAction::preserve);
    EXPECT_EQ(stored.on_reboot, LifecycleAction::destroy);
    EXPECT_EQ(stored.on_crash, LifecycleAction::coredump_restart);
    EXPECT_EQ(refusal<void>(390, LifecycleActionArgs{dom, 3, 0}).reason, Reason::invalid_argument);
    EXPECT_EQ(refusal<void>(390, LifecycleActionArgs{dom, 0, 6}).reason, Reason::invalid_argument);
    EXPECT_THAT(refusal<void>(390, LifecycleActionArgs{dom, 1, 4}).message, HasSubstr("crashes only"));
    EXPECT_EQ(refusal<void>(390, LifecycleActionArgs{dom, 1, 1, flag::live}).reason, Reason::invalid_state);
}

}  // namespace
}  // namespace virtlight::libvirt
