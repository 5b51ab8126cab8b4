// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "base/result.hpp"
#include "libvirt/relay.hpp"
#include "libvirt/streams.hpp"

namespace virtlight::libvirt {

/// A call that opens a stream at another daemon of libvirt's, and that stream, as a state machine without
/// I/O. It has a connection of its own, so that one which stands still holds up nothing else.
///
/// Neither side can fill the daemon's memory: write() takes, and wants_input() asks for, no more while
/// limits::modular_stream_waiting bytes wait.
///
/// Whoever owns the socket sends output(), gives what comes to receive(), and closes it when over().
class RelayedStream {
 public:
    /// `uri` and `payload` as of a Relay, which is to change something.
    RelayedStream(std::string uri, std::int32_t procedure, View payload);

    // The socket

    View output() const { return relay_.output(); }
    void sent(std::size_t bytes) { relay_.sent(bytes); }
    bool wants_input() const;
    /// An error is the connection's, as of Relay::next(): the next is fail().
    Result<> receive(View bytes);
    /// Ends the stream, unless it is over.
    void fail(const Error& why);
    /// Nothing more is to be sent or received. What has come before may still be read.
    bool over() const { return over_; }
    /// Whether it is that daemon's turn, as far as this can be known.
    bool waits_for_daemon() const { return !answered_ || finishing_ || !output().empty(); }

    // The call

    /// What it was answered or has failed with, once.
    std::optional<Result<LateAnswer>> take_answer() { return std::exchange(answer_, std::nullopt); }

    // The stream, once the call has succeeded: as of StreamEnd

    /// The bytes are valid until the next receive().
    Result<StreamEnd::Portion> read(std::size_t max);
    Result<std::size_t> write(View bytes);
    Result<bool> finish();

 private:
    std::size_t unread() const { return data_.size() - given_; }
    void answer(Relay::Told told);
    void take(const Relay::Piece& piece);
    void ask_for_the_end();
    void forget_given();

    Relay relay_;
    Relay::Serial call_;
    bool answered_ = false;
    std::optional<Result<LateAnswer>> answer_;
    Bytes data_;              ///< that has come for the client
    std::size_t given_ = 0;   ///< of it, read already
    bool finishing_ = false;  ///< it was asked for the end, after which nobody takes further bytes
    bool over_ = false;
    std::optional<Error> failure_;
};

}  // namespace virtlight::libvirt
