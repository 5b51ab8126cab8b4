// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libvirt/modular_daemon_test.hpp"

#include <set>
#include <string_view>

#include <gmock/gmock.h>

// What libvirt's own daemons are asked, and the events that they tell of.

namespace virtlight::libvirt {
namespace {

using testing::HasSubstr;

constexpr std::int32_t pool_changed = 370;
constexpr std::int32_t pool_lifecycle = 0;
const NamedUuid images{.name = "images", .uuid = {.bytes = {1}}};

TEST_F(ModularDaemonTest, AnswersWhatItIsAsked) {
    const auto pending = ask({1, 2, 3, 4});
    auto peer = let_in();
    const auto asked = peer.asked();
    EXPECT_EQ(asked.header.procedure, list_pools);
    EXPECT_EQ(asked.payload, (Bytes{1, 2, 3, 4}));
    peer.answer(asked.header, {5, 6, 7, 8});
    loop.serve_descriptors();
    ASSERT_TRUE(*pending);
    EXPECT_EQ((**pending)->bytes, (Bytes{5, 6, 7, 8}));
    EXPECT_FALSE((**pending)->refused);
}

TEST_F(ModularDaemonTest, RefusesInItsOwnWords) {
    const auto pending = ask();
    auto peer = let_in();
    peer.answer(peer.asked().header, {1, 1, 1, 1}, MessageStatus::error);
    loop.serve_descriptors();
    ASSERT_TRUE(*pending);
    EXPECT_TRUE((**pending)->refused);
    EXPECT_EQ((**pending)->bytes, (Bytes{1, 1, 1, 1}));
}

TEST_F(ModularDaemonTest, AnswersOverOneConnectionInAnyOrder) {
    const auto first = ask();
    const auto second = ask();
    auto peer = let_in();
    const auto one = peer.asked();
    const auto two = peer.asked();
    peer.answer(two.header, {2});
    loop.serve_descriptors();
    EXPECT_FALSE(*first);
    ASSERT_TRUE(*second);
    EXPECT_EQ((**second)->bytes, Bytes{2});
    peer.answer(one.header, {1});
    loop.serve_descriptors();
    ASSERT_TRUE(*first);
    EXPECT_EQ((**first)->bytes, Bytes{1});
}

TEST_F(ModularDaemonTest, HasAConnectionOfItsOwnForEachClient) {
    const auto slow = ask();
    auto writing = let_in();
    const auto quick = ask({}, {.client = {2}, .read_only = true});
    auto looking = let_in(flag::open_read_only);
    const auto own = ask({}, {});
    auto ours = let_in(flag::open_read_only);
    for (auto* const peer : {&looking, &ours})
        peer->answer(peer->asked().header, {});
    serve_all();
    EXPECT_FALSE(*slow);
    EXPECT_TRUE(*quick && **quick);
    EXPECT_TRUE(*own && **own);
}

TEST_F(ModularDaemonTest, IsLeftByAClientThatLeaves) {
    const auto slow = ask();
    auto peer = let_in();
    const auto other = ask({}, {.client = {2}});
    let_in(flag::open_read_only);
    storage.leave({1});
    ASSERT_TRUE(*slow);
    EXPECT_EQ((*slow)->error().reason, Reason::cancelled);
    EXPECT_TRUE(peer.is_left());
    EXPECT_FALSE(*other);
    storage.leave({3});
}

TEST_F(ModularDaemonTest, ThatGoesAwayIsToldAndAskedAnew) {
    const auto lost = ask();
    {
        auto peer = let_in();
        peer.asked();
    }
    loop.serve_descriptors();
    ASSERT_TRUE(*lost);
    EXPECT_EQ((*lost)->error().reason, Reason::io);
    EXPECT_THAT((*lost)->error().message, HasSubstr("libvirt's storage daemon does not answer"));
    const auto again = ask();
    auto peer = let_in();
    peer.answer(peer.asked().header, {});
    loop.serve_descriptors();
    EXPECT_TRUE(*again && **again);
}

TEST_F(ModularDaemonTest, ThatSpeaksAnotherProtocolIsToldOf) {
    const auto pending = ask();
    const Fd socket(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    const Bytes nonsense(64, 0xff);
    EXPECT_EQ(::send(socket.get(), nonsense.data(), nonsense.size(), MSG_NOSIGNAL), 64);
    loop.serve_descriptors();
    ASSERT_TRUE(*pending);
    EXPECT_EQ((*pending)->error().reason, Reason::protocol);
}

TEST_F(ModularDaemonTest, IsThereWhereASocketIs) {
    EXPECT_TRUE(storage.is_there());
    EXPECT_FALSE(ModularDaemon(loop, Served::storage, "").is_there());
    EXPECT_FALSE(ModularDaemon(loop, Served::storage, folder.path()).is_there());
    listener = {};
    const auto nobody = ask();  // the socket is left, as of a daemon that was killed
    ASSERT_TRUE(*nobody);
    EXPECT_EQ((*nobody)->error().reason, Reason::io);
}

TEST_F(ModularDaemonTest, ThatHangsIsNotWaitedForForEver) {
    const auto pending = ask();
    auto peer = let_in();
    loop.run_for(limits::modular_answer);
    ASSERT_TRUE(*pending);
    EXPECT_EQ((*pending)->error().reason, Reason::timed_out);
}

TEST_F(ModularDaemonTest, ThatHangsIsNotAskedMoreAndMore) {
    for (std::size_t i = 0; i < limits::modular_calls; ++i)
        EXPECT_FALSE(*ask());
    const auto one_more = ask();
    ASSERT_TRUE(*one_more);
    EXPECT_EQ((*one_more)->error().reason, Reason::too_many);
}

TEST_F(ModularDaemonTest, ThatDoesNotReadIsNotSaidMoreAndMore) {
    EXPECT_FALSE(*ask(Bytes(limits::modular_unsent / 2)));
    const auto one_more = ask(Bytes(limits::modular_unsent / 2));
    ASSERT_TRUE(*one_more);
    EXPECT_EQ((*one_more)->error().reason, Reason::too_many);
}

TEST_F(ModularDaemonTest, KeepsNobodyWaitingWhenTheDaemonStops) {
    const auto pending = ask();
    storage.stop();
    ASSERT_TRUE(*pending);
    EXPECT_EQ((*pending)->error().reason, Reason::operation_failed);
    EXPECT_FALSE(**ask());
}

TEST_F(ModularDaemonTest, ThatDoesNotRunIsNamedWithTheSetting) {
    listen_no_more();
    const auto nobody = ask();
    ASSERT_TRUE(*nobody);
    EXPECT_EQ((*nobody)->error(),
              (Error{Reason::no_support,
                     "there are no storage pools here, as libvirt's storage daemon does not run "
                     "(storage_socket in virtlightd(8)): name files and block devices in the domain's XML"}));
    EXPECT_EQ(not_served(Served::secrets).message,
              "there are no secrets here, as libvirt's secret daemon does not run (secret_socket in "
              "virtlightd(8))");
}

TEST_F(ModularDaemonTest, HasASocketAndASettingOfItsOwnForEachKind) {
    std::set<Served> kinds;
    std::set<std::string_view> sockets;
    std::set<std::string_view> settings;
    for (const auto& one : modular_daemons) {
        EXPECT_EQ(&served_by(one.served), &one);
        kinds.insert(one.served);
        sockets.insert(one.socket);
        settings.insert(one.setting);
    }
    EXPECT_EQ(kinds.size(), std::size(modular_daemons));
    EXPECT_EQ(sockets.size(), std::size(modular_daemons));
    EXPECT_EQ(settings.size(), std::size(modular_daemons));
}

TEST_F(ModularDaemonTest, IsOneOfFiveThatStopTogether) {
    ModularDaemons daemons(
        loop, [&](Served served) { return served == Served::networks ? path : std::filesystem::path(); });
    EXPECT_TRUE(daemons.of(Served::networks).is_there());
    EXPECT_FALSE(daemons.of(Served::filters).is_there());
    const auto asked = pending(daemons.of(Served::networks).call({{1}, false}, 283, {}));
    let_in(0, "network:///system");
    EXPECT_FALSE(*asked);
    daemons.stop();
    ASSERT_TRUE(*asked);
    EXPECT_FALSE(**asked);
}

// Events

TEST_F(ModularDaemonTest, TellsOfAnEventWhenItHasAgreedTo) {
    const auto watching = watch(pool_lifecycle);
    EXPECT_FALSE(*watching);
    auto peer = let_in_and_agree(pool_lifecycle, 7);
    EXPECT_TRUE(*watching && **watching);
    peer.tell(pool_changed, CallbackMessage{7, images});
    loop.serve_descriptors();
    EXPECT_EQ(told, (std::vector<ObjectEvent>{{.of = Served::storage,
                                               .event = pool_lifecycle,
                                               .object = images.uuid,
                                               .procedure = pool_changed,
                                               .body = *encode(images)}}));
}

TEST_F(ModularDaemonTest, TellsOfNothingThatNobodyHasRegisteredFor) {
    watch(pool_lifecycle);
    auto peer = let_in_and_agree(pool_lifecycle, 7);
    peer.tell(pool_changed, CallbackMessage{8, images});
    peer.tell(pool_changed, CallbackMessage{7, None()});
    loop.serve_descriptors();
    EXPECT_TRUE(told.empty());
}

TEST_F(ModularDaemonTest, IsAskedForAnEventOnceHoweverManyWantIt) {
    const auto first = watch(pool_lifecycle);
    const auto second = watch(pool_lifecycle);
    auto peer = let_in_and_agree(pool_lifecycle, 7);
    EXPECT_TRUE(*first && **first);
    EXPECT_TRUE(*second && **second);
    const auto third = watch(pool_lifecycle);
    EXPECT_TRUE(*third && **third);
    ask({}, {});
    EXPECT_EQ(peer.asked().header.procedure, list_pools);
}

TEST_F(ModularDaemonTest, TellsOfSecretsByTheirUuids) {
    ModularDaemon secrets{loop, Served::secrets, path};
    secrets.on_event([this](const ObjectEvent& event) { told.push_back(event); });
    pending(secrets.watch(pool_lifecycle));
    auto peer = let_in(flag::open_read_only, "secret:///system");
    const auto asked = peer.asked();
    EXPECT_EQ(asked.header.procedure, 380);
    peer.answer(asked.header, *encode(std::int32_t{0}));
    const Secret secret{.uuid = {.bytes = {2}}, .usage_type = 2, .usage_id = "rbd"};
    peer.tell(382, CallbackMessage{0, secret});
    loop.serve_descriptors();
    ASSERT_EQ(told.size(), 1u);
    EXPECT_EQ(told[0].of, Served::secrets);
    EXPECT_EQ(told[0].object, secret.uuid);
    EXPECT_EQ(told[0].body, *encode(secret));
    secrets.stop();
}

TEST_F(ModularDaemonTest, MayRefuseToTellOfAnEvent) {
    const auto watching = watch(1);
    auto peer = let_in(flag::open_read_only);
    peer.answer(peer.asked().header, {1, 1, 1, 1}, MessageStatus::error);
    loop.serve_descriptors();
    ASSERT_TRUE(*watching);
    EXPECT_TRUE((**watching)->refused);
    EXPECT_EQ((**watching)->bytes, (Bytes{1, 1, 1, 1}));
    watch(1);
    EXPECT_EQ(peer.asked().header.procedure, register_for_pools) << "it may have learnt it meanwhile";
}

TEST_F(ModularDaemonTest, ThatComesLaterTellsOfWhatWasWantedBefore) {
    listen_no_more();
    const auto watching = watch(pool_lifecycle);
    EXPECT_TRUE(*watching && **watching);
    listen();
    ask();  // by one who may write
    loop.serve_descriptors();
    let_in_and_agree(pool_lifecycle, 7);
}

TEST_F(ModularDaemonTest, ThatCameBackIsAskedToTellAgain) {
    watch(pool_lifecycle);
    let_in_and_agree(pool_lifecycle, 7);
    loop.serve_descriptors();
    EXPECT_EQ(loop.watches(), 0u) << "its end of the connection is closed";
    loop.run_for(limits::modular_retry);
    auto peer = let_in_and_agree(pool_lifecycle, 9);
    peer.tell(pool_changed, CallbackMessage{9, images});
    loop.serve_descriptors();
    EXPECT_EQ(told.size(), 1u);
}

TEST_F(ModularDaemonTest, ThatDoesNotComeBackIsLookedForMoreSeldom) {
    watch(pool_lifecycle);
    {
        const auto peer = let_in_and_agree(pool_lifecycle, 7);
        listen_no_more();
    }
    const auto before = loop.timers_set();
    loop.serve_descriptors();
    loop.run_for(limits::modular_retry * limits::modular_retries);
    EXPECT_EQ(loop.timers_set() - before, limits::modular_retries + 1u);
    loop.run_for(limits::modular_late_retry * 3);
    EXPECT_EQ(loop.timers_set() - before, limits::modular_retries + 4u);
    listen();
    loop.run_for(limits::modular_late_retry);
    let_in_and_agree(pool_lifecycle, 7);
}

TEST_F(ModularDaemonTest, ThatHangsHoldsUpNobodyWhoRegistersForAnEvent) {
    const auto watching = watch(pool_lifecycle);
    loop.run_for(limits::modular_agreement);
    EXPECT_TRUE(*watching && **watching);
    auto peer = let_in_and_agree(pool_lifecycle, 7);
    peer.tell(pool_changed, CallbackMessage{7, images});
    loop.serve_descriptors();
    EXPECT_EQ(told.size(), 1u) << "it has agreed later";
}

TEST_F(ModularDaemonTest, ThatGoesAwayInsteadOfAgreeingIsToldOf) {
    const auto watching = watch(pool_lifecycle);
    let_in(flag::open_read_only);
    loop.serve_descriptors();
    ASSERT_TRUE(*watching);
    EXPECT_EQ((*watching)->error().reason, Reason::io);
}

}  // namespace
}  // namespace virtlight::libvirt
