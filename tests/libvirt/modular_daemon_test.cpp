// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libvirt/modular_daemon.hpp"

#include <array>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "async/scope.hpp"
#include "base/file.hpp"
#include "base/limits.hpp"
#include "base/log.hpp"
#include "base/temporary_folder.hpp"
#include "base/unix_address.hpp"
#include "libvirt/event_messages.hpp"
#include "libvirt/flags.hpp"
#include "libvirt/messages.hpp"
#include "libvirt/packet.hpp"
#include "xenlight/poll_loop.hpp"

namespace virtlight::libvirt {
namespace {

using testing::HasSubstr;

constexpr std::int32_t list_pools = 281;
constexpr std::int32_t upload_volume = 208;
constexpr std::int32_t register_for_pools = 368;
constexpr std::int32_t pool_changed = 370;
constexpr std::int32_t pool_lifecycle = 0;
const NamedUuid images{.name = "images", .uuid = {.bytes = {1}}};

/// The daemon's end of a connection.
class Peer {
 public:
    explicit Peer(Fd socket) : socket_(std::move(socket)) {
        const timeval patience{.tv_sec = 20, .tv_usec = 0};
        EXPECT_EQ(::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
    }

    struct Asked {
        Header header;
        Bytes payload;
    };
    Asked asked() {
        for (;;) {
            if (const auto packet = framer_.next().value())
                return {packet->header, Bytes(packet->payload.begin(), packet->payload.end())};
            std::array<std::uint8_t, 4096> buffer;
            const auto got = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
            if (got <= 0) {
                ADD_FAILURE() << "nothing is asked";
                return {};
            }
            framer_.add(View(buffer).first(static_cast<std::size_t>(got)));
        }
    }
    void answer(Header header, const Bytes& payload, MessageStatus status = MessageStatus::ok) {
        header.type = MessageType::reply;
        header.status = status;
        say(header, payload);
    }
    /// In the stream of a call.
    void put(const Header& call, MessageStatus status, const Bytes& payload = {}) {
        say(in_stream(call, status), payload);
    }
    /// Says as much in it as the socket takes: how many bytes.
    std::size_t flood(const Header& call) {
        const int narrow = 64 * 1024;
        EXPECT_EQ(::setsockopt(socket_.get(), SOL_SOCKET, SO_SNDBUF, &narrow, sizeof narrow), 0);
        Bytes packet;
        append_packet(packet, in_stream(call, MessageStatus::continued), Bytes(limits::stream_chunk));
        for (std::size_t all = 0;;) {
            const auto rest = View(packet).subspan(flooded_);
            const auto put = ::send(socket_.get(), rest.data(), rest.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
            if (put <= 0) return all;
            all += static_cast<std::size_t>(put);
            flooded_ = (flooded_ + static_cast<std::size_t>(put)) % packet.size();
        }
    }
    /// Whether the other end is closed; what it has said before is passed over.
    bool is_left() {
        std::array<std::uint8_t, 4096> buffer;
        ssize_t got = 1;
        while (got > 0)
            got = ::recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
        return got == 0;
    }
    template <class Event>
    void tell(std::int32_t procedure, const CallbackMessage<Event>& event) {
        say({.program = program::remote, .procedure = procedure, .type = MessageType::message},
            *encode(event));
    }

 private:
    static Header in_stream(Header call, MessageStatus status) {
        call.type = MessageType::stream;
        call.status = status;
        return call;
    }
    void say(const Header& header, const Bytes& payload) {
        Bytes packet;
        append_packet(packet, header, payload);
        EXPECT_EQ(::send(socket_.get(), packet.data(), packet.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(packet.size()));
    }

    Fd socket_;
    Framer framer_;
    std::size_t flooded_ = 0;  ///< of the packet that flood() says again and again
};

class ModularDaemonTest : public testing::Test {
 protected:
    ModularDaemonTest() {
        log::set_level(log::Level::error);
        storage.on_event([this](const ObjectEvent& event) { told.push_back(event); });
        listen();
    }

    void TearDown() override { storage.stop(); }

    void listen() {
        listener = Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        EXPECT_EQ(UnixAddress::of(path)->bind(listener), 0);
        EXPECT_EQ(::listen(listener.get(), 16), 0);
    }
    void listen_no_more() {
        listener = {};
        std::filesystem::remove(path);
    }

    using Pending = std::shared_ptr<std::optional<Result<LateAnswer>>>;
    Pending ask(Bytes payload = {}, ModularDaemon::Asker asker = {.client = {1}, .read_only = false}) {
        return pending(storage.call(asker, list_pools, std::move(payload)));
    }
    Pending watch(std::int32_t event) { return pending(storage.watch(event)); }
    Pending pending(async::Task<Result<LateAnswer>> task) {
        auto pending = std::make_shared<std::optional<Result<LateAnswer>>>();
        scope.spawn(keep(std::move(task), pending));
        return pending;
    }
    static async::Task<> keep(async::Task<Result<LateAnswer>> task, Pending pending) {
        pending->emplace(co_await std::move(task));
    }

    /// Who has connected, let in.
    Peer let_in(std::uint32_t flags = 0, std::string uri = "storage:///system") {
        Peer peer(Fd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)));
        peer.answer(peer.asked().header, *encode(std::vector<std::int32_t>{0}));
        loop.serve_descriptors();
        const auto open = peer.asked();
        EXPECT_EQ(decode<OpenArgs>(open.payload), (OpenArgs{std::move(uri), flags}));
        peer.answer(open.header, {});
        loop.serve_descriptors();
        return peer;
    }

    /// Its end of a connection over which it tells of an event, under the id `callback`.
    Peer let_in_and_agree(std::int32_t event, std::int32_t callback) {
        auto peer = let_in(flag::open_read_only);
        const auto asked = peer.asked();
        EXPECT_EQ(asked.header.procedure, register_for_pools);
        EXPECT_EQ(decode<RegisterArgs<NamedUuid>>(asked.payload), RegisterArgs<NamedUuid>{.event = event});
        peer.answer(asked.header, *encode(callback));
        loop.serve_descriptors();
        return peer;
    }

    // Streams

    Pending open_stream() {
        return pending(storage.open_stream(upload_volume, {1, 2, 3, 4}, [this] { ++woken; }));
    }
    struct OpenStream {
        Pending opened;
        std::optional<Peer> peer;
        Header call;

        StreamEnd& end() const { return *(**opened)->stream; }
    };
    OpenStream opened_stream() {
        auto opened = open_stream();
        auto peer = let_in();
        const auto call = peer.asked();
        EXPECT_EQ(call.header.procedure, upload_volume);
        EXPECT_EQ(call.payload, (Bytes{1, 2, 3, 4}));
        peer.answer(call.header, {});
        serve_all();
        EXPECT_TRUE(*opened && **opened && (**opened)->stream);
        return {.opened = std::move(opened), .peer = std::move(peer), .call = call.header};
    }
    void serve_all() {
        while (loop.serve_descriptors()) {
        }
    }

    const test::TemporaryFolder folder;
    const std::filesystem::path path = folder.path() / "socket";
    Fd listener;
    test::PollLoop loop;
    std::vector<ObjectEvent> told;
    int woken = 0;  ///< how often the client of a stream was to be served
    ModularDaemon storage{loop, Served::storage, path};
    async::Scope scope;
};

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

// Streams

TEST_F(ModularDaemonTest, HasAConnectionForEachStream) {
    const auto asked = ask();
    auto shared = let_in();
    auto stream = opened_stream();
    auto other = opened_stream();
    EXPECT_EQ(stream.end().write(Bytes{1, 2, 3}), Result<std::size_t>(3));
    EXPECT_EQ(stream.peer->asked().payload, (Bytes{1, 2, 3}));
    other.peer->put(other.call, MessageStatus::continued, {4, 5});
    serve_all();
    const auto portion = other.end().read(10);
    ASSERT_TRUE(portion);
    EXPECT_EQ(Bytes(portion->bytes.begin(), portion->bytes.end()), (Bytes{4, 5}));
    EXPECT_TRUE(stream.end().read(10).value().bytes.empty());
    EXPECT_EQ(shared.asked().header.procedure, list_pools);
}

TEST_F(ModularDaemonTest, MayRefuseAStream) {
    const auto opened = open_stream();
    auto peer = let_in();
    peer.answer(peer.asked().header, {1, 1, 1, 1}, MessageStatus::error);
    serve_all();
    ASSERT_TRUE(*opened && **opened);
    EXPECT_TRUE((**opened)->refused);
    EXPECT_EQ((**opened)->bytes, (Bytes{1, 1, 1, 1}));
    EXPECT_FALSE((**opened)->stream);
    EXPECT_TRUE(peer.is_left());
}

TEST_F(ModularDaemonTest, FinishesAStreamWhenItHasAll) {
    auto stream = opened_stream();
    EXPECT_EQ(stream.end().finish(), Result<bool>(false));
    const auto last = stream.peer->asked();
    EXPECT_EQ(last.header.type, MessageType::stream);
    EXPECT_EQ(last.header.status, MessageStatus::ok);
    const auto before = woken;
    stream.peer->put(stream.call, MessageStatus::ok);
    serve_all();
    EXPECT_GT(woken, before);
    EXPECT_EQ(stream.end().finish(), Result<bool>(true));
    EXPECT_EQ(loop.watches(), 0u) << "its connection is closed";
}

TEST_F(ModularDaemonTest, IsReadFromNoFurtherInAStreamThatNobodyReads) {
    auto stream = opened_stream();
    constexpr auto most = 4 * limits::modular_stream_waiting;
    std::size_t sent = 0;
    for (std::size_t more = 1; more > 0 && sent < most; sent += more) {
        more = stream.peer->flood(stream.call);
        serve_all();
    }
    EXPECT_LT(sent, most);
    EXPECT_GT(sent, limits::modular_stream_waiting);
    EXPECT_FALSE(loop.serve_descriptors()) << "it waits";
    while (!stream.end().read(limits::stream_chunk).value().bytes.empty()) {
    }
    EXPECT_TRUE(loop.serve_descriptors());
}

TEST_F(ModularDaemonTest, IsSentNoMoreInAStreamThanItTakes) {
    auto stream = opened_stream();
    const Bytes much(limits::modular_stream_waiting);
    constexpr auto most = 32 * limits::modular_stream_waiting;
    std::size_t taken = 0;
    for (std::size_t more = 1; more > 0 && taken < most; taken += more) {
        more = stream.end().write(much).value();
        serve_all();
    }
    EXPECT_LT(taken, most);
    const auto before = woken;
    for (int i = 0; i < 4; ++i) {
        EXPECT_FALSE(stream.peer->is_left()) << "it takes what there is";
        serve_all();
    }
    EXPECT_GT(woken, before) << "there is room again";
    EXPECT_GT(stream.end().write(much).value(), 0u);
}

TEST_F(ModularDaemonTest, ThatGoesAwayEndsItsStreams) {
    auto stream = opened_stream();
    stream.peer.reset();
    serve_all();
    const auto portion = stream.end().read(10);
    ASSERT_FALSE(portion);
    EXPECT_EQ(portion.error().reason, Reason::io);
    EXPECT_THAT(portion.error().message, HasSubstr("libvirt's storage daemon does not answer"));
    EXPECT_EQ(loop.watches(), 0u);
}

TEST_F(ModularDaemonTest, IsLeftByAStreamThatIsGivenUp) {
    auto stream = opened_stream();
    stream.opened->reset();
    EXPECT_EQ(loop.watches(), 0u);
    EXPECT_TRUE(stream.peer->is_left());
}

TEST_F(ModularDaemonTest, EndsAStreamInWhichNothingMovesForLong) {
    auto stream = opened_stream();
    loop.run_for(limits::modular_stream_idle - milliseconds(1));
    EXPECT_EQ(stream.end().write(Bytes{1}), Result<std::size_t>(1));
    stream.peer->asked();
    loop.run_for(limits::modular_stream_idle - milliseconds(1));
    EXPECT_TRUE(stream.end().read(10));
    const auto before = woken;
    loop.run_for(milliseconds(1));
    EXPECT_GT(woken, before);
    const auto portion = stream.end().read(10);
    ASSERT_FALSE(portion);
    EXPECT_EQ(portion.error(),
              (Error{Reason::timed_out, "nothing was sent or read in the stream for 600 s"}));
    EXPECT_TRUE(stream.peer->is_left());
}

TEST_F(ModularDaemonTest, ThatHangsIsNotWaitedForForEverWithAStream) {
    const auto opened = open_stream();
    auto peer = let_in();
    peer.asked();
    loop.run_for(limits::modular_stream_idle);
    ASSERT_TRUE(*opened);
    ASSERT_FALSE(**opened);
    EXPECT_EQ((*opened)->error().reason, Reason::timed_out);
    EXPECT_THAT((*opened)->error().message, HasSubstr("libvirt's storage daemon has not gone on"));
}

TEST_F(ModularDaemonTest, HasSoManyStreamsAtATime) {
    std::vector<Peer> peers;
    for (std::size_t i = 0; i < limits::modular_streams; ++i) {
        EXPECT_FALSE(*open_stream());
        peers.push_back(let_in());
    }
    const auto one_more = open_stream();
    ASSERT_TRUE(*one_more);
    EXPECT_EQ((*one_more)->error().reason, Reason::too_many);
    peers.front().answer(peers.front().asked().header, {}, MessageStatus::error);
    serve_all();
    EXPECT_FALSE(*open_stream()) << "there is room again";
}

TEST_F(ModularDaemonTest, KeepsNoStreamWhenTheDaemonStops) {
    auto stream = opened_stream();
    const auto pending = open_stream();
    storage.stop();
    EXPECT_EQ(stream.end().read(10).error().reason, Reason::operation_failed);
    ASSERT_TRUE(*pending);
    EXPECT_EQ((*pending)->error().reason, Reason::operation_failed);
    EXPECT_EQ((*open_stream())->error().reason, Reason::operation_failed);
    EXPECT_EQ(loop.watches(), 0u);
}

}  // namespace
}  // namespace virtlight::libvirt
