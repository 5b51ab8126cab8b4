// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "libvirt/outbox.hpp"
#include "libvirt/packet.hpp"
#include "libvirt/procedure.hpp"
#include "libvirt/streams.hpp"

namespace virtlight::libvirt {

using CallId = Id<struct CallTag>;

/// A call that may be performed: its procedure is served and this connection may call it now.
struct Call {
    CallId id;
    Header header;
    const Procedure* procedure;
    Bytes payload;
};

/// One connection as a state machine without I/O: bytes and times in, calls and bytes out. What the wire
/// alone decides is answered here: framing, unknown programs and procedures, read-only connections,
/// keepalive, limits.
///
/// Whoever owns the socket gives what comes to receive(), performs what next_call() hands out and answers it
/// with reply(), sends output(), calls tick() at deadline(), and closes the socket when ended().
class Session {
 public:
    Session(bool read_only, Time now);

    // From the socket

    void receive(View bytes, Time now);
    /// Whether more bytes are wanted: not while the client leaves what it was sent unread or a stream has it
    /// wait, nor after close().
    bool wants_input() const { return !ended() && !closing_ && !input_paused(); }

    // Calls

    /// The next call, if one has arrived whole and there is room for its answer. Until this has returned
    /// nothing, receive() should wait.
    std::optional<Call> next_call();
    /// Answers may come in any order. One for a call that is unknown or answered is dropped. `status`: that
    /// of an answer that is given as it stands.
    void reply(CallId id, const Result<Bytes>& answer, MessageStatus status = MessageStatus::ok);
    /// Tells the client something unasked.
    void send_event(std::int32_t procedure, View payload);

    // Streams

    Streams& streams() { return streams_; }
    /// Makes ready what the streams have for the client, as far as there is room. True: there may be more.
    bool send_streams(Time now);

    // What calls change

    bool opened() const { return opened_; }
    bool read_only() const { return read_only_; }
    void open(bool read_only);
    /// From here on the client is asked for signs of life.
    void start_keepalive() { keepalive_ = true; }
    /// Takes no further calls, and ends when output() has been sent.
    void close();

    // To the socket

    View output() const { return outbox_.bytes(); }
    /// After each try to write: what the socket has taken, which may be nothing.
    void sent(std::size_t bytes, Time now);

    // Time

    /// When tick() has something to do; moves on as bytes come and go.
    Time deadline() const;
    void tick(Time now);

    /// Nothing more will come of this connection. What output() has left may still be tried to send.
    bool ended() const { return !end_reason_.empty() || (closing_ && output().empty()); }
    /// The client has said that it ends the connection.
    bool closed() const { return closing_; }
    /// Why the session ended by itself, for the log; empty if the client closed it.
    const std::string& end_reason() const { return end_reason_; }

 private:
    std::optional<Call> accept(const Packet& packet);
    std::optional<Error> refusal(const Header& header, const Procedure* procedure) const;
    void handle_keepalive(const Header& header);
    void send_keepalive(std::int32_t procedure);
    void refuse(const Header& header, const Error& error);
    void append(const Header& header, View payload);
    bool output_paused() const { return output().size() >= limits::output_pause; }
    bool input_paused() const { return output_paused() || streams_.hold_client(); }
    bool fill_from_streams();
    bool is_behind() const;
    bool rest_due() const;
    void hear(Time now);
    Time next_ping() const;
    void end(std::string reason);

    bool read_only_;
    bool opened_ = false;
    bool closing_ = false;
    std::string end_reason_;

    Framer framer_;
    bool rest_missing_ = false;  ///< next_call() has found a message that has come in part only
    IdSource<CallTag> call_ids_;
    std::map<CallId, Header> in_flight_;  ///< the header of each call, for its reply

    Streams streams_;

    Outbox outbox_;

    Time began_;
    Time heard_;  ///< last bytes received; while we do not read, last bytes the client took
    std::optional<Time> unread_since_;  ///< since when the client is behind and has not taken any of output()
    bool keepalive_ = false;
    int unanswered_pings_ = 0;
    Time asked_;  ///< when the last of them was sent
};

}  // namespace virtlight::libvirt
