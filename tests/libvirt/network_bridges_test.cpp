// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libvirt/network_bridges.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "async/timing.hpp"
#include "async/virtual_loop.hpp"
#include "base/limits.hpp"
#include "libvirt/error.hpp"
#include "libvirt/messages.hpp"

namespace virtlight::libvirt {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using BridgeFound = std::shared_ptr<std::optional<Result<std::string>>>;

/// A network daemon as far as it is asked for bridges, in virtual time.
class NetworkBridgesTest : public testing::Test {
 protected:
    ~NetworkBridgesTest() override { scope.drop(); }

    static Result<LateAnswer> told(const auto& what) { return LateAnswer{.bytes = *encode(what)}; }
    static Result<LateAnswer> refused(std::int32_t code, std::string message) {
        return LateAnswer{.bytes = *encode(WireError{.code = code, .message = std::move(message)}),
                          .refused = true};
    }
    /// What it says to one who asks everything of a network that is there and active.
    Result<LateAnswer> usual(std::int32_t procedure, const Bytes& payload) {
        if (procedure == look_up) return told(NamedUuid{*decode<std::string>(payload), uuid});
        EXPECT_EQ(decode<NamedUuid>(payload), (NamedUuid{"default", uuid}));
        return procedure == is_active ? told(std::int32_t{1}) : told(std::string("virbr0"));
    }
    async::Task<Result<LateAnswer>> answer(std::int32_t procedure, Bytes payload) {
        asked.push_back(procedure);
        co_await async::give_way(loop);
        if (hangs) co_await async::sleep_for(loop, limits::network_answer * 2, {});
        auto otherwise = std::exchange(answers[procedure], std::nullopt);
        if (otherwise) co_return *std::move(otherwise);
        co_return usual(procedure, payload);
    }

    BridgeFound begin(async::CancelToken cancel = {}) {
        auto found = std::make_shared<std::optional<Result<std::string>>>();
        scope.spawn(keep(bridges.bridge_of("default", std::move(cancel)), found));
        loop.run_for(milliseconds(1));
        return found;
    }
    static async::Task<> keep(async::Task<Result<std::string>> task, BridgeFound found) {
        found->emplace(co_await std::move(task));
    }
    Error error_of(const BridgeFound& found) {
        if (*found && !**found) return (**found).error();
        ADD_FAILURE() << "it has not failed";
        return {Reason::internal, ""};
    }
    /// Where one of its answers is another one.
    Error error_with(std::int32_t procedure, Result<LateAnswer> otherwise) {
        answers[procedure] = std::move(otherwise);
        return error_of(begin());
    }

    static constexpr std::int32_t bridge_name = 45, look_up = 46, is_active = 152;
    const Uuid uuid = *Uuid::parse("09b11c53-8b5c-4eeb-8f00-d84eaa0aaa4f");
    async::VirtualLoop loop;
    std::vector<std::int32_t> asked;
    std::map<std::int32_t, std::optional<Result<LateAnswer>>> answers;
    bool hangs = false;
    NetworkBridges bridges{loop, [this](std::int32_t procedure, Bytes payload) {
                               return answer(procedure, std::move(payload));
                           }};
    async::Scope scope;
};

TEST_F(NetworkBridgesTest, AreAskedForByName) {
    const auto found = begin();
    ASSERT_TRUE(*found);
    ASSERT_TRUE(**found) << (**found).error().message;
    EXPECT_EQ(***found, "virbr0");
    EXPECT_THAT(asked, ElementsAre(look_up, is_active, bridge_name));
}

TEST_F(NetworkBridgesTest, OfANetworkThatIsNotThereAreRefusedInLibvirtsWords) {
    const auto error =
        error_with(look_up, refused(43, "Network not found: no network with matching name 'default'"));
    EXPECT_EQ(error.reason, Reason::no_network);
    EXPECT_EQ(error.message, "network 'default': no network with matching name 'default'");
}

TEST_F(NetworkBridgesTest, OfANetworkThatIsNotActiveTellHowToStartIt) {
    const auto error = error_with(is_active, told(std::int32_t{0}));
    EXPECT_EQ(error.reason, Reason::invalid_state);
    EXPECT_EQ(error.message, "network 'default' is not active: `virsh net-start default` starts it");
    EXPECT_THAT(asked, ElementsAre(look_up, is_active)) << "its bridge is not there";
}

TEST_F(NetworkBridgesTest, AreMissingWhereANetworkIsForwardedWithoutOne) {
    const auto error =
        error_with(bridge_name, refused(1, "internal error: network 'default' does not have a bridge name."));
    EXPECT_EQ(error.reason, Reason::unsupported_config);
    EXPECT_THAT(error.message, HasSubstr("network 'default' does not have a bridge name."));
    EXPECT_THAT(error.message, HasSubstr("Xen connects guests to bridges alone"));
    EXPECT_EQ(error_with(bridge_name, told(std::string())).reason, Reason::unsupported_config);
    EXPECT_EQ(error_with(bridge_name, refused(29, "operation forbidden: no")).reason, Reason::access_denied);
}

TEST_F(NetworkBridgesTest, CannotBeAskedForWhereNobodyListens) {
    for (const auto procedure : {look_up, is_active, bridge_name}) {
        const auto error = error_with(procedure, fail(Reason::io, "cannot connect"));
        EXPECT_EQ(error.reason, Reason::io);
        EXPECT_THAT(error.message, HasSubstr("network 'default'"));
        EXPECT_THAT(error.message, HasSubstr("is not known: cannot connect"));
    }
}

TEST_F(NetworkBridgesTest, AreWaitedForOnlySoLong) {
    hangs = true;
    const auto found = begin();
    loop.run_for(limits::network_answer - seconds(1));
    ASSERT_FALSE(*found);
    loop.run_for(seconds(1));
    EXPECT_EQ(error_of(found).reason, Reason::timed_out);
    EXPECT_THAT(error_of(found).message, HasSubstr("has not answered within 10 s"));
    async::CancelSource unwanted;
    const auto other = begin(unwanted.token());
    ASSERT_FALSE(*other);
    unwanted.cancel();
    EXPECT_EQ(error_of(other).reason, Reason::cancelled);
    hangs = false;
    const auto last = begin();
    ASSERT_TRUE(*last);
    EXPECT_TRUE(**last) << "one that hung is asked again";
}

TEST_F(NetworkBridgesTest, AreRefusedWhereNobodyUnderstandsTheAnswer) {
    for (const auto procedure : {look_up, is_active, bridge_name}) {
        const auto error = error_with(procedure, LateAnswer{.bytes = {1, 2, 3}});
        EXPECT_EQ(error.reason, Reason::protocol);
        EXPECT_THAT(error.message, HasSubstr("network 'default': "));
    }
}

}  // namespace
}  // namespace virtlight::libvirt
