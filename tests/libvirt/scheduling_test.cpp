// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libvirt/conversation.hpp"
#include "libvirt/flags.hpp"
#include "libvirt/scheduling_messages.hpp"

namespace virtlight::libvirt {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class SchedulingTest : public ConversationTest {
 protected:
    void SetUp() override {
        dom =
            talk.call<Domain>(11, std::string("<domain type='xen'><name>web</name>"
                                              "<memory unit='MiB'>64</memory><vcpu cpuset='1-2'>2</vcpu>"
                                              "<cputune><shares>300</shares></cputune><os><type>linux</type>"
                                              "<kernel>/boot/guest</kernel></os></domain>"))
                .value();
        EXPECT_TRUE(talk.call<void>(9, dom));
    }
    domain::Definition stored() { return talk.manager->definition(dom.uuid, manager::Which::stored).value(); }

    Domain dom;
};

TEST_F(SchedulingTest, APinIsOfTheGuestOrOfTheDefinition) {
    EXPECT_TRUE(talk.call<void>(26, PinVcpuArgs{dom, 1, std::string("\x05")}));
    EXPECT_EQ(talk.xen.tunings[1].pins.at(1).format(), "0,2");
    EXPECT_TRUE(stored().cpu_tuning.pins.empty());
    EXPECT_TRUE(talk.call<void>(225, PinVcpuFlagsArgs{dom, 0, std::string("\x08"), flag::config}));
    EXPECT_EQ(stored().cpu_tuning.pins.at(0).format(), "3");
    EXPECT_FALSE(talk.xen.tunings[1].pins.contains(0));
}

TEST_F(SchedulingTest, APinThatCannotBeIsRefusedBeforeXenIsAsked) {
    EXPECT_THAT(refusal<void>(26, PinVcpuArgs{dom, 2, std::string("\x01")}).message,
                HasSubstr("vcpu 2 is out of range"));
    EXPECT_EQ(refusal<void>(26, PinVcpuArgs{dom, 0, std::string("\0\0", 2)}).reason,
              Reason::invalid_argument);
    EXPECT_EQ(talk.xen.count("pin_vcpu"), 0u);
}

TEST_F(SchedulingTest, PinsAreToldAsTheyAreOrAsTheyAreStored) {
    talk.xen.figures[1].vcpus = {{.online = true, .may_run_on = domain::CpuSet::first(3)}, {.online = true}};
    EXPECT_EQ(talk.call<VcpuPinsReply>(230, VcpuPinsArgs{dom, 2, 1, flag::live}).value(),
              (VcpuPinsReply{std::string("\x07\0", 2), 2}));
    EXPECT_EQ(talk.call<VcpuPinsReply>(230, VcpuPinsArgs{dom, 2, 1, flag::config}).value(),
              (VcpuPinsReply{std::string("\x06\x06"), 2}));
    EXPECT_EQ(talk.call<VcpuPinsReply>(230, VcpuPinsArgs{dom, 1, 1, flag::config}).value().count, 1);
    EXPECT_EQ(refusal<VcpuPinsReply>(230, VcpuPinsArgs{dom, -1, 1}).reason, Reason::invalid_argument);
}

TEST_F(SchedulingTest, PinsOfAGuestThatHasJustEndedAreNotToldAsNone) {
    talk.xen.truth.erase(1);
    EXPECT_EQ(refusal<VcpuPinsReply>(230, VcpuPinsArgs{dom, 2, 1, flag::live}).reason, Reason::invalid_state);
}

TEST_F(SchedulingTest, AVcpuWithoutAPinMayRunOnAllThatIsOnline) {
    talk.xen.facts.cpus = 2;
    talk.xen.facts.topology = {{.id = 0}, {.id = 2}};
    const auto free = talk.call<Domain>(11, std::string("<domain type='xen'><name>free</name>"
                                                        "<memory unit='MiB'>64</memory><vcpu>1</vcpu>"
                                                        "<os><type>linux</type><kernel>/boot/guest</kernel>"
                                                        "</os></domain>"))
                          .value();
    EXPECT_EQ(talk.call<VcpuPinsReply>(230, VcpuPinsArgs{free, 1, 1, flag::config}).value(),
              (VcpuPinsReply{std::string("\x05"), 1}));
}

TEST_F(SchedulingTest, TheSchedulerHasAWeightAndACap) {
    EXPECT_EQ(talk.call<SchedulerReply>(56, dom).value(), (SchedulerReply{"credit2", 2}));
    EXPECT_THAT(talk.call<std::vector<TypedParam>>(223, ParamsArgs{dom, 2, flag::config}).value(),
                ElementsAre(TypedParam{"weight", std::uint32_t{300}}, TypedParam{"cap", std::uint32_t{0}}));
    EXPECT_EQ(talk.call<std::vector<TypedParam>>(57, DomainNumber{dom, 1}).value().size(), 1u);
}

TEST_F(SchedulingTest, TheSchedulerIsThatOfThePoolThatTheGuestIsIn) {
    talk.xen.schedulers[1] = "rtds";
    EXPECT_EQ(talk.call<SchedulerReply>(56, dom).value(), (SchedulerReply{"rtds", 0}));
    ASSERT_TRUE(talk.call<void>(12, dom));
    EXPECT_EQ(talk.call<SchedulerReply>(56, dom).value(), (SchedulerReply{"credit2", 2}))
        << "it does not run";
}

TEST_F(SchedulingTest, AShareIsSetWhereItIsAskedFor) {
    const std::vector<TypedParam> cap{{"cap", std::uint32_t{50}}};
    EXPECT_TRUE(talk.call<void>(58, SetSchedulerPlainArgs{dom, cap}));
    EXPECT_EQ(talk.xen.tunings[1].share, (domain::CpuShare{.cap = 50}));
    EXPECT_FALSE(stored().cpu_tuning.share.cap);
    EXPECT_TRUE(talk.call<void>(219, SetParamsArgs{dom, cap, flag::config}));
    EXPECT_EQ(stored().cpu_tuning.share, (domain::CpuShare{.weight = 300, .cap = 50}));
}

TEST_F(SchedulingTest, AShareThatCannotBeIsRefused) {
    const auto set = [&](TypedParam param) {
        return refusal<void>(58, SetSchedulerPlainArgs{dom, {param}}).message;
    };
    EXPECT_THAT(set({"weight", std::uint32_t{0}}), HasSubstr("weight must be from 1 to 65535, not 0"));
    EXPECT_THAT(set({"cap", std::uint32_t{100'001}}), HasSubstr("cap must be from 0 to 100000 percent"));
    EXPECT_THAT(set({"slice", std::uint32_t{1}}), HasSubstr("parameter 'slice' not supported"));
    EXPECT_THAT(set({"cap", std::int32_t{1}}), HasSubstr("'cap' must be an unsigned number"));
}

}  // namespace
}  // namespace virtlight::libvirt
