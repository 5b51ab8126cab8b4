// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libvirt/modular_stream.hpp"

#include <gmock/gmock.h>

#include "libvirt/modular_daemon_test.hpp"

// Streams that are passed on to one of libvirt's own daemons.

namespace virtlight::libvirt {
namespace {

using testing::HasSubstr;

constexpr std::int32_t upload_volume = 208;

class ModularStreamTest : public ModularDaemonTest {
 protected:
    Pending open_stream() {
        return pending(storage.open_stream(upload_volume, {1, 2, 3, 4}, [this] { ++woken; }));
    }
    struct OpenStream {
        Pending opened;
        std::optional<DaemonEnd> peer;
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

    int woken = 0;  ///< how often the client of a stream was to be served
};

TEST_F(ModularStreamTest, HasAConnectionForEachStream) {
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

TEST_F(ModularStreamTest, MayRefuseAStream) {
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

TEST_F(ModularStreamTest, FinishesAStreamWhenItHasAll) {
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

TEST_F(ModularStreamTest, IsReadFromNoFurtherInAStreamThatNobodyReads) {
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

TEST_F(ModularStreamTest, IsSentNoMoreInAStreamThanItTakes) {
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

TEST_F(ModularStreamTest, ThatGoesAwayEndsItsStreams) {
    auto stream = opened_stream();
    stream.peer.reset();
    serve_all();
    const auto portion = stream.end().read(10);
    ASSERT_FALSE(portion);
    EXPECT_EQ(portion.error().reason, Reason::io);
    EXPECT_THAT(portion.error().message, HasSubstr("libvirt's storage daemon does not answer"));
    EXPECT_EQ(loop.watches(), 0u);
}

TEST_F(ModularStreamTest, IsLeftByAStreamThatIsGivenUp) {
    auto stream = opened_stream();
    stream.opened->reset();
    EXPECT_EQ(loop.watches(), 0u);
    EXPECT_TRUE(stream.peer->is_left());
}

TEST_F(ModularStreamTest, EndsAStreamInWhichNothingMovesForLong) {
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

TEST_F(ModularStreamTest, ThatHangsIsNotWaitedForForEverWithAStream) {
    const auto opened = open_stream();
    auto peer = let_in();
    peer.asked();
    loop.run_for(limits::modular_stream_idle);
    ASSERT_TRUE(*opened);
    ASSERT_FALSE(**opened);
    EXPECT_EQ((*opened)->error().reason, Reason::timed_out);
    EXPECT_THAT((*opened)->error().message, HasSubstr("libvirt's storage daemon has not gone on"));
}

TEST_F(ModularStreamTest, HasSoManyStreamsAtATime) {
    std::vector<DaemonEnd> peers;
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

TEST_F(ModularStreamTest, KeepsNoStreamWhenTheDaemonStops) {
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
