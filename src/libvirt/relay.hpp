// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "libvirt/packet.hpp"
#include "libvirt/procedure.hpp"

namespace virtlight::libvirt {

/// A connection to another daemon of libvirt's, as a state machine without I/O: it opens itself, asks what it
/// is given as it stands, and tells what is answered.
///
/// Whoever owns the socket sends output(), gives what comes to receive(), and takes what next() has.
class Relay {
 public:
    using Serial = std::uint32_t;

    /// `uri` is which of the daemon's drivers is meant: "storage:///system".
    Relay(std::string uri, bool read_only);

    /// Asks when the connection is open. The payload must be within limits::wire_message less the header.
    Serial ask(std::int32_t procedure, View payload);

    /// The same of a call that opens a stream. A relay has one such call at most.
    Serial ask_for_stream(std::int32_t procedure, View payload);
    /// Says something in that stream, once its call is answered; bounds as of ask().
    void put(MessageStatus status, View bytes);

    void receive(View bytes) { framer_.add(bytes); }

    struct Told {
        Serial serial;
        LateAnswer answer;
    };
    /// The next answer, if one has come whole. An error is the connection's, which is of no more use:
    /// protocol, access_denied, or what the daemon has refused to open it with.
    Result<std::optional<Told>> next();

    /// Told unasked, as events are.
    struct Message {
        std::int32_t procedure;
        Bytes payload;
    };
    /// Those among what next() has gone through.
    std::vector<Message> take_messages() { return std::exchange(messages_, {}); }

    /// Said in the stream.
    struct Piece {
        MessageStatus status;
        Bytes bytes;
    };
    std::vector<Piece> take_pieces() { return std::exchange(pieces_, {}); }

    View output() const { return output_; }
    void sent(std::size_t bytes);
    /// Bytes that wait to be sent, also until the connection is open.
    std::size_t unsent() const { return output_.size() + waiting_.size(); }

 private:
    enum class Stage { authenticating, opening, open };

    Serial append(Bytes& to, std::int32_t procedure, View payload);
    Result<> go_on_opening(const Packet& reply);

    std::string uri_;
    bool read_only_;
    Stage stage_ = Stage::authenticating;
    Serial last_ = 0;
    Framer framer_;
    Bytes output_;
    Bytes waiting_;  ///< what is asked when it is open
    std::vector<Message> messages_;
    Header stream_{};  ///< of what is said in it; its serial is 0 as long as there is none
    std::vector<Piece> pieces_;
};

}  // namespace virtlight::libvirt
