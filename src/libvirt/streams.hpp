// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string_view>

#include "base/result.hpp"
#include "libvirt/packet.hpp"

namespace virtlight::libvirt {

/// The bytes of a stream, which are bytes on the wire and text elsewhere.
inline View as_bytes(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(View bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// What stands behind a stream. Whoever makes one sees to it that the connection is served again when there
/// is something to read after read() gave nothing, or room after write() took less than it was given.
class StreamEnd {
 public:
    struct Portion {
        View bytes{};
        bool end = false;  ///< nothing more will come
    };

    virtual ~StreamEnd() = default;
    /// The next bytes for the client, up to `max`, valid until the next call; empty: none now. A failure ends
    /// the stream.
    virtual Result<Portion> read(std::size_t max) = 0;
    /// Takes of the client's bytes as many as it can now. A failure ends the stream.
    virtual Result<std::size_t> write(View bytes) = 0;
    /// The client has asked for the end, and write() took all: whether this end is needed no more, as the
    /// stream is not finished before. Asked again whenever the connection is served, and it is when that
    /// changes. A failure is told instead of the end.
    virtual Result<bool> finish() { return true; }
    /// Whether a client is read from no further while write() has not taken all that it sent. If not, its
    /// stream ends when too much waits.
    virtual bool holds_client() const { return false; }
};

/// The refusal of a stream where its connection has limits::streams already.
std::unexpected<Error> no_room_for_stream();

/// What a call answers that opens a stream.
template <class Reply>
struct Streamed {
    Reply reply;
    std::unique_ptr<StreamEnd> stream;
};

/// The streams of one connection as a state machine without I/O: packets in, messages out. Each stream is
/// named by the call that opened it.
///
/// Neither side can fill the daemon's memory: what goes to the client is fetched only when there is room for
/// it, of what it sends, limits::stream_input bytes may wait, or no further packet of it is taken while any
/// do, and of a stream whose end it knows only that is kept until it finishes it.
class Streams {
 public:
    /// How many may still have something for the client.
    std::size_t size() const { return streams_.size() - ended_.size(); }

    /// After the reply to the call. One that a former call with this number opened is closed.
    void open(const Header& call, std::unique_ptr<StreamEnd> end);

    /// A packet of a stream. One of an unknown stream is late, and dropped.
    void receive(const Packet& packet);
    /// Whether the client should be read from no further until next() has been asked again.
    bool hold_client() const;

    struct Message {
        Header header;
        Bytes payload;
    };
    /// What the client is to be sent next; the streams take turns. Empty: nothing now.
    std::optional<Message> next();

 private:
    struct Stream {
        Header header{};
        std::unique_ptr<StreamEnd> end{};  ///< null: nothing is passed on any more
        Bytes input{};                     ///< that `end` has not taken yet
        bool finished = false;             ///< the client asked for the end, which follows its input
        bool said_all = false;             ///< the client knows that nothing more comes
        std::optional<Error> failure{};
    };

    static void pass_in(Stream& stream);
    static bool finished_behind(Stream& stream);
    std::optional<Message> advance(Stream& stream);
    std::optional<Message> pass_on(Stream& stream);
    Message message(Stream& stream, MessageStatus status, Bytes payload = {});
    void remember_end(std::uint32_t serial);
    void forget(std::uint32_t serial);

    std::map<std::uint32_t, Stream> streams_;  ///< by serial
    std::deque<std::uint32_t> ended_;          ///< the client knows their end; the oldest first
    std::uint32_t last_served_ = 0;
};

}  // namespace virtlight::libvirt
