// SPDX-License-Identifier: LGPL-2.1-or-later
#include "manager/networks.hpp"

#include <map>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "async/bounded.hpp"
#include "base/limits.hpp"
#include "manager/world.hpp"

// Guests on networks of libvirt's, which are asked for their bridges at each start.

namespace virtlight::manager {
namespace {

using domain::Nic;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const Error inactive{Reason::invalid_state, "network 'default' is not active"};
const Error silence{Reason::io, "nobody listens there"};

/// Tells the bridges that a test gives it, at once or when it is let.
class FakeNetworks : public Networks {
 public:
    explicit FakeNetworks(async::Scheduler& scheduler) : scheduler_(scheduler) {}

    std::map<std::string, Result<std::string>> bridges{{"default", "virbr0"}, {"isolated", "virbr1"}};
    std::vector<std::string> asked;
    bool silent = false;  ///< as a daemon that hangs

    async::Task<Result<std::string>> bridge_of(std::string network, async::CancelToken cancel) override {
        asked.push_back(network);
        const async::Completion<Result<std::string>> answer;
        if (silent)
            waiting_.emplace_back(answer, network);
        else
            answer.set(bridges.at(network));
        co_return co_await async::bounded(scheduler_, answer, limits::network_answer,
                                          {Reason::timed_out, "it does not answer"}, std::move(cancel));
    }

    /// What was asked meanwhile is answered.
    void speak() {
        silent = false;
        for (const auto& [answer, network] : std::exchange(waiting_, {}))
            answer.set(bridges.at(network));
    }

 private:
    async::Scheduler& scheduler_;
    std::vector<std::pair<async::Completion<Result<std::string>>, std::string>> waiting_;
};

class NetworkedGuests : public ::testing::Test, protected World {
 protected:
    NetworkedGuests() : World(std::nullopt) {
        prepare = [this] { manager->use_networks(networks); };
        start_up();
    }

    static Nic on(std::string network, std::uint8_t last = 1) {
        return {.mac = {{0x00, 0x16, 0x3e, 0, 0, last}},
                .devid = last - 1U,
                .kind = Nic::Kind::network,
                .network = std::move(network)};
    }
    static domain::Definition guest_on(std::vector<Nic> nics) {
        auto guest = guest_named("web");
        guest.nics = std::move(nics);
        return guest;
    }
    std::vector<std::string> bridges(const domain::Definition& guest, Which which = Which::live) {
        std::vector<std::string> all;
        for (const auto& nic : manager->definition(guest.uuid, which)->nics)
            all.push_back(nic.bridge);
        return all;
    }
    void reboot() {
        loop.run_for(limits::quick_life + seconds(1));
        xen.stop(xen.truth.rbegin()->first, hypervisor::StopReason::reboot);
        settle();
        loop.run_for(limits::network_answer + seconds(1));
    }
    std::string refusal(const auto& result) { return result ? "none" : result.error().message; }

    FakeNetworks networks{loop};
};

TEST_F(NetworkedGuests, StartOnTheBridgesOfTheirNetworks) {
    const auto guest = running(guest_on({on("default"), on("isolated", 2), on("default", 3)}));
    EXPECT_THAT(bridges(guest), ElementsAre("virbr0", "virbr1", "virbr0"));
    EXPECT_EQ(xen.definitions.at(domid(guest)).nics.at(1).bridge, "virbr1") << "so libxl is told";
    EXPECT_THAT(bridges(guest, Which::stored), ElementsAre("", "", ""));
    EXPECT_FALSE(*manager->is_updated(guest.uuid)) << "a bridge that was found is no other definition";
    EXPECT_THAT(networks.asked, ElementsAre("default", "isolated")) << "each is asked for once";
}

TEST_F(NetworkedGuests, OfNoNetworkAskNobody) {
    auto guest = guest_on({on("default")});
    guest.nics.at(0) = {.mac = guest.nics.at(0).mac, .bridge = "xenbr0"};
    running(guest);
    EXPECT_THAT(bridges(guest), ElementsAre("xenbr0"));
    EXPECT_THAT(networks.asked, IsEmpty());
}

TEST_F(NetworkedGuests, AreNotStartedWithoutABridge) {
    networks.bridges.at("default") = std::unexpected(inactive);
    const auto guest = guest_on({on("default")});
    ASSERT_TRUE(end_of(manager->define(guest)));
    const auto refused = end_of(manager->start(guest.uuid, {}));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason, Reason::invalid_state);
    EXPECT_THAT(refused.error().message,
                AllOf(HasSubstr("'web'"), HasSubstr("network 'default' is not active")));
    EXPECT_EQ(xen.truth.size(), 1u) << "only Domain-0 runs";
    EXPECT_THAT(store.lives, IsEmpty());
    networks.bridges.at("default") = "a bridge of another kind";
    EXPECT_THAT(refusal(end_of(manager->start(guest.uuid, {}))), HasSubstr("its bridge must be the name"));
    networks.bridges.at("default") = "virbr0";
    EXPECT_TRUE(end_of(manager->start(guest.uuid, {}))) << "and it can be tried again";
}

TEST_F(NetworkedGuests, WaitForAnAnswerOnlySoLongAndHoldUpNobody) {
    networks.silent = true;
    const auto guest = guest_on({on("default")});
    ASSERT_TRUE(end_of(manager->define(guest)));
    const auto starting = begin(manager->start(guest.uuid, {}));
    settle();
    EXPECT_EQ(manager->job(guest.uuid)->phase, "asking for the bridges of its networks");
    running("other");
    ASSERT_FALSE(*starting);
    loop.run_for(limits::network_answer);
    ASSERT_TRUE(*starting);
    EXPECT_EQ((**starting).error().reason, Reason::timed_out);
    const auto again = begin(manager->start(guest.uuid, {}));
    settle();
    ASSERT_TRUE(manager->abort_job(guest.uuid));
    settle();
    ASSERT_TRUE(*again);
    EXPECT_EQ((**again).error().reason, Reason::cancelled);
}

TEST_F(NetworkedGuests, AskAnewWhenTheyStartAnew) {
    const auto guest = running(guest_on({on("default")}));
    networks.bridges.at("default") = "virbr7";
    reboot();
    EXPECT_THAT(bridges(guest), ElementsAre("virbr7"));
}

TEST_F(NetworkedGuests, KeepTheirBridgesWhenTheyStartAnewAndNobodyAnswers) {
    const auto guest = running(guest_on({on("default"), on("isolated", 2)}));
    networks.asked.clear();
    for (const auto& why : {silence, inactive}) {
        networks.bridges.at("default") = std::unexpected(why);
        reboot();
        EXPECT_THAT(bridges(guest), ElementsAre("virbr0", "virbr1")) << why.message;
    }
    EXPECT_THAT(networks.asked, ElementsAre("default", "default", "isolated"))
        << "who is silent is not asked again at once";
    networks.silent = true;
    reboot();
    EXPECT_THAT(bridges(guest), ElementsAre("virbr0", "virbr1"));
    EXPECT_TRUE(end_of(manager->reset(guest.uuid)));
    EXPECT_THAT(bridges(guest), ElementsAre("virbr0", "virbr1"));
    ASSERT_TRUE(end_of(manager->destroy(guest.uuid)));
    EXPECT_FALSE(end_of(manager->start(guest.uuid, {}))) << "but another life may be somewhere else";
}

TEST_F(NetworkedGuests, KeepNoBridgeOfANetworkThatTheyAreNotOnAnyMore) {
    auto guest = running(guest_on({on("default")}));
    guest.nics = {on("isolated")};
    ASSERT_TRUE(end_of(manager->define(guest)));
    networks.bridges.at("isolated") = std::unexpected(silence);
    reboot();
    EXPECT_EQ(info(guest).domid, -1);
}

TEST_F(NetworkedGuests, AreKnownWithTheirBridgesByTheNextDaemon) {
    const auto guest = running(guest_on({on("default")}));
    networks.silent = true;
    restart();
    EXPECT_THAT(bridges(guest), ElementsAre("virbr0"));
    reboot();
    EXPECT_THAT(bridges(guest), ElementsAre("virbr0"));
}

TEST_F(NetworkedGuests, AskAnewWhenTheyAreRestored) {
    const auto guest = running(guest_on({on("default")}));
    ASSERT_TRUE(end_of(manager->managed_save(guest.uuid, {})));
    networks.bridges.at("default") = std::unexpected(inactive);
    EXPECT_THAT(refusal(end_of(manager->start(guest.uuid, {}))), HasSubstr("is not active"));
    EXPECT_TRUE(info(guest).managed_image) << "what was saved stands";
    networks.bridges.at("default") = "virbr7";
    EXPECT_TRUE(end_of(manager->start(guest.uuid, {})));
    EXPECT_THAT(bridges(guest), ElementsAre("virbr7"));
}

TEST_F(NetworkedGuests, GetFurtherInterfacesOnTheBridgesOfNetworks) {
    const auto guest = running(guest_on({}));
    const Affects both{.guest = true, .definition = true};
    ASSERT_TRUE(end_of(manager->attach_device(guest.uuid, on("default"), both)));
    EXPECT_THAT(bridges(guest), ElementsAre("virbr0"));
    EXPECT_EQ(xen.definitions.at(domid(guest)).nics.at(0).bridge, "virbr0");
    EXPECT_THAT(bridges(guest, Which::stored), ElementsAre(""));
    networks.bridges.at("isolated") = std::unexpected(inactive);
    EXPECT_THAT(refusal(end_of(manager->attach_device(guest.uuid, on("isolated", 2), both))),
                HasSubstr("is not active"));
    EXPECT_EQ(bridges(guest, Which::stored).size(), 1u) << "both or neither";
    EXPECT_TRUE(end_of(manager->attach_device(guest.uuid, on("isolated", 2), {.definition = true})))
        << "for the next start nobody is asked";
    EXPECT_TRUE(end_of(manager->detach_device(guest.uuid, on("default"), both)));
}

TEST_F(NetworkedGuests, ThatEndMeanwhileGetNoInterface) {
    const auto guest = running(guest_on({}));
    networks.silent = true;
    const auto attaching = begin(manager->attach_device(guest.uuid, on("default"), {.guest = true}));
    settle();
    xen.vanish(domid(guest));
    look();
    ASSERT_EQ(info(guest).domid, -1);
    networks.speak();
    settle();
    ASSERT_TRUE(*attaching);
    EXPECT_THAT(refusal(**attaching), HasSubstr("the guest has stopped meanwhile"));
}

TEST_F(NetworkedGuests, NeedSomebodyWhoKnowsNetworks) {
    prepare = [] {};
    restart();
    const auto guest = guest_on({on("default")});
    ASSERT_TRUE(end_of(manager->define(guest)));
    EXPECT_THAT(refusal(end_of(manager->start(guest.uuid, {}))),
                AllOf(HasSubstr("network 'default'"), HasSubstr("nobody here knows networks")));
}

}  // namespace
}  // namespace virtlight::manager
