// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libvirt/xdr.hpp"

#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "libvirt/absent_messages.hpp"
#include "libvirt/arbitrary_message.hpp"
#include "libvirt/control_messages.hpp"
#include "libvirt/cpu_messages.hpp"
#include "libvirt/event_messages.hpp"
#include "libvirt/job_messages.hpp"
#include "libvirt/node_device_messages.hpp"
#include "libvirt/scheduling_messages.hpp"
#include "libvirt/statistics_messages.hpp"

namespace virtlight::libvirt {
namespace {

using testing::HasSubstr;

Bytes bytes_of(std::initializer_list<std::uint8_t> list) {
    return list;
}

Uuid counting_uuid() {
    Uuid uuid;
    for (std::uint8_t i = 0; i < 16; ++i)
        uuid.bytes[i] = i;
    return uuid;
}

// What the wire looks like, byte by byte, worked out by hand from RFC 4506

TEST(Xdr, WritesNumbersAsBigEndianWords) {
    EXPECT_EQ(encode(std::int32_t{-2}), bytes_of({0xff, 0xff, 0xff, 0xfe}));
    EXPECT_EQ(encode(std::uint32_t{0x01020304}), bytes_of({1, 2, 3, 4}));
    EXPECT_EQ(encode(std::uint64_t{0x0102030405060708}), bytes_of({1, 2, 3, 4, 5, 6, 7, 8}));
    EXPECT_EQ(encode(true), bytes_of({0, 0, 0, 1}));
    EXPECT_EQ(encode(1.0), bytes_of({0x3f, 0xf0, 0, 0, 0, 0, 0, 0}));
}

TEST(Xdr, PadsAStringToAWord) {
    EXPECT_EQ(encode(std::string("ABCDE")), bytes_of({0, 0, 0, 5, 'A', 'B', 'C', 'D', 'E', 0, 0, 0}));
    EXPECT_EQ(encode(std::string("ABCD")), bytes_of({0, 0, 0, 4, 'A', 'B', 'C', 'D'}));
    EXPECT_EQ(encode(std::string()), bytes_of({0, 0, 0, 0}));
}

TEST(Xdr, PutsAWordBeforeWhatMayBeAbsent) {
    EXPECT_EQ(encode(std::optional<std::string>()), bytes_of({0, 0, 0, 0}));
    EXPECT_EQ(encode(std::optional<std::string>("A")), bytes_of({0, 0, 0, 1, 0, 0, 0, 1, 'A', 0, 0, 0}));
}

TEST(Xdr, GivesEachCharacterOfACharArrayAWordOfItsOwn) {
    EXPECT_EQ(encode(CharArray<3>{"ab"}), bytes_of({0, 0, 0, 'a', 0, 0, 0, 'b', 0, 0, 0, 0}));
    EXPECT_EQ(encode(CharArray<2>{"ab"}), bytes_of({0, 0, 0, 'a', 0, 0, 0, 0})) << "a zero ends it";
    EXPECT_EQ(encode(CharList{"ab"}), bytes_of({0, 0, 0, 2, 0, 0, 0, 'a', 0, 0, 0, 'b'}));
    EXPECT_EQ(encode(NodeInfo())->size(), 32 * 4 + 8 + 6 * 4);
}

TEST(Xdr, CountsTheItemsOfAList) {
    EXPECT_EQ(encode(std::vector<std::int32_t>{7, -1}),
              bytes_of({0, 0, 0, 2, 0, 0, 0, 7, 0xff, 0xff, 0xff, 0xff}));
}

TEST(Xdr, TellsTheTypeOfATypedParameterBeforeItsValue) {
    EXPECT_EQ(encode(TypedParam{"n", std::uint64_t{5}}),
              bytes_of({0, 0, 0, 1, 'n', 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 5}));
    EXPECT_EQ(encode(TypedParam{"n", true}), bytes_of({0, 0, 0, 1, 'n', 0, 0, 0, 0, 0, 0, 6, 0, 0, 0, 1}));
    EXPECT_EQ(encode(TypedParam{"n", std::string("x")}),
              bytes_of({0, 0, 0, 1, 'n', 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 1, 'x', 0, 0, 0}));
}

TEST(Xdr, WritesADomainAsNameUuidAndId) {
    EXPECT_EQ(encode(Domain{.name = "pv", .uuid = counting_uuid(), .id = -1}),
              bytes_of({0, 0, 0, 2, 'p', 'v', 0,  0,  0,  1,  2,    3,    4,    5,
                        6, 7, 8, 9, 10,  11,  12, 13, 14, 15, 0xff, 0xff, 0xff, 0xff}));
}

TEST(Xdr, GivesAStateAndANumberOfVcpusAWholeWord) {
    EXPECT_EQ(encode(DomainInfoReply{.state = 1, .vcpus = 2})->size(), 4 + 8 + 8 + 4 + 8);
}

// Hostile input

TEST(Xdr, RefusesAStringThatIsLongerThanWhatIsThere) {
    const auto decoded = decode<std::string>(bytes_of({0, 0, 0, 9, 'a', 'b', 'c', 'd'}));
    EXPECT_EQ(decoded.error().reason, Reason::protocol);
}

TEST(Xdr, RefusesAStringOverTheLimitOfTheWire) {
    Bytes bytes = *encode(static_cast<std::uint32_t>(limits::wire_string + 1));
    bytes.resize(bytes.size() + limits::wire_string + 4);
    EXPECT_THAT(decode<std::string>(bytes).error().message, HasSubstr("over the limit"));
    bytes = *encode(static_cast<std::uint32_t>(limits::wire_string));
    bytes.resize(bytes.size() + limits::wire_string);
    EXPECT_EQ(decode<std::string>(bytes)->size(), limits::wire_string);
}

TEST(Xdr, DoesNotBelieveACountThatTheBytesCannotHold) {
    EXPECT_FALSE(decode<std::vector<Domain>>(bytes_of({0, 0, 0x40, 0})));
    EXPECT_FALSE(decode<std::vector<Domain>>(bytes_of({0xff, 0xff, 0xff, 0xff})));
    EXPECT_FALSE(decode<CharList>(bytes_of({0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 1})));
}

TEST(Xdr, TakesForTrueWhateverIsNotZero) {
    EXPECT_FALSE(*decode<bool>(bytes_of({0, 0, 0, 0})));
    EXPECT_TRUE(*decode<bool>(bytes_of({0, 0, 0, 1})));
    EXPECT_TRUE(*decode<bool>(bytes_of({0, 0, 0, 2})));
    EXPECT_EQ(*decode<std::optional<std::int32_t>>(bytes_of({1, 0, 0, 0, 0, 0, 0, 7})), 7);
}

TEST(Xdr, RefusesATypeOfParameterThatDoesNotExist) {
    EXPECT_FALSE(decode<TypedParam::Value>(bytes_of({0, 0, 0, 0, 0, 0, 0, 0})));
    EXPECT_FALSE(decode<TypedParam::Value>(bytes_of({0, 0, 0, 8, 0, 0, 0, 0})));
}

TEST(Xdr, RefusesBytesBehindTheEnd) {
    EXPECT_THAT(decode<std::int32_t>(bytes_of({0, 0, 0, 1, 0})).error().message, HasSubstr("1 bytes follow"));
}

TEST(Xdr, DoesNotWriteWhatNoClientCouldRead) {
    EXPECT_TRUE(encode(std::string(limits::wire_string, 'x')));
    EXPECT_EQ(encode(std::string(limits::wire_string + 1, 'x')).error().reason, Reason::internal);
    EXPECT_TRUE(encode(std::vector<std::int32_t>(limits::wire_list)));
    EXPECT_FALSE(encode(std::vector<std::int32_t>(limits::wire_list + 1)));
}

// Every message

template <class T>
class EveryMessage : public testing::Test {};

using Messages = testing::Types<
    None, Domain, NamedUuid, Secret, TypedParam, WireError, Flags, TextFlags, DomainNumber, DomainFlags,
    OpenArgs, IdentityArgs, NodeInfo, SecurityModel, CellsArgs, DomainCapabilitiesArgs, ListAllArgs,
    DomainList, DomainListAllArgs, DomainNamesArgs, DeviceNumArgs, DeviceNamesArgs, EmptyList,
    DomainInfoReply, StateReply, MetadataArgs, SetMetadataArgs, SetVcpuArgs, MetadataMessage, TrayMessage,
    JobInfo, JobStats, RegisterArgs<Domain>, RegisterArgs<NamedUuid>, RegisterArgs<Secret>, LifecycleMessage,
    CallbackMessage<LifecycleMessage>, CallbackMessage<Domain>, Header, std::string,
    std::optional<std::string>, std::vector<std::string>, std::vector<std::int32_t>,
    std::vector<std::uint64_t>, AllDomainStatsArgs, std::vector<DomainStats>, CpuStatsArgs, ParamsReply,
    GetVcpusArgs, VcpusReply, InterfaceStats, BlockStats, BlockStatsArgs, NodeStatsArgs, NodeMemoryStatsArgs,
    NodeStatsReply, CpuMapArgs, CpuMapReply, NativeArgs, PinVcpuArgs, PinVcpuFlagsArgs, VcpuPinsArgs,
    VcpuPinsReply, SchedulerReply, ParamsArgs, SetSchedulerPlainArgs, SetParamsArgs, SendKeyArgs,
    HypervisorCpuArgs, HypervisorCpusArgs, BlockPeekArgs, DiskErrorsReply, ControlInfo>;
TYPED_TEST_SUITE(EveryMessage, Messages);

// rapidcheck is compiled once, not for each message and property.
bool always(const std::function<void()>& property) {
    return rc::check(property);
}
bool for_any(const std::function<void(const Bytes&)>& property) {
    return rc::check(property);
}

TYPED_TEST(EveryMessage, IsReadAsItWasWritten) {
    EXPECT_TRUE(always([] {
        const auto message = arbitrary::any<TypeParam>();
        RC_ASSERT(*decode<TypeParam>(*encode(message)) == message);
    }));
}

TYPED_TEST(EveryMessage, IsAWholeNumberOfWords) {
    EXPECT_TRUE(always([] { RC_ASSERT(encode(arbitrary::any<TypeParam>())->size() % 4 == 0); }));
}

TYPED_TEST(EveryMessage, IsRefusedWhereverItIsCutShort) {
    EXPECT_TRUE(always([] {
        const auto bytes = *encode(arbitrary::any<TypeParam>());
        for (std::size_t size = 0; size < bytes.size(); ++size)
            RC_ASSERT(!decode<TypeParam>(View(bytes).first(size)));
    }));
}

TYPED_TEST(EveryMessage, IsReadFromAnythingWithoutHarmAndWrittenAgainTheSame) {
    EXPECT_TRUE(for_any([](const Bytes& noise) {
        const auto decoded = decode<TypeParam>(noise);
        if (decoded) RC_ASSERT(encode(*decoded)->size() == noise.size());
    }));
}

}  // namespace
}  // namespace virtlight::libvirt
