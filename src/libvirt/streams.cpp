// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libvirt/streams.hpp"

#include <algorithm>
#include <utility>

#include "base/limits.hpp"
#include "libvirt/error.hpp"

namespace virtlight::libvirt {

std::unexpected<Error> no_room_for_stream() {
    return fail(Reason::too_many, "cannot open another stream: {} of this connection are open",
                limits::streams);
}

void Streams::open(const Header& call, std::unique_ptr<StreamEnd> end) {
    forget(call.serial);
    streams_.emplace(call.serial, Stream{.header = call, .end = std::move(end)});
}

void Streams::receive(const Packet& packet) {
    const auto found = streams_.find(packet.header.serial);
    if (found == streams_.end()) return;
    auto& stream = found->second;
    const auto& opened = stream.header;
    if (packet.header.program != opened.program || packet.header.procedure != opened.procedure) return;
    if (stream.failure) return;
    // Who waits for the end may still give up.
    const bool is_abort =
        packet.header.type == MessageType::stream && packet.header.status == MessageStatus::error;
    if (stream.finished && !is_abort) return;

    if (packet.header.type == MessageType::stream_hole) {
        stream.failure = Error{Reason::protocol, "Unexpected stream hole"};
    } else if (packet.header.status == MessageStatus::ok) {
        stream.finished = true;
    } else if (is_abort) {
        // Nothing is waited for.
        stream.finished = true;
        stream.input.clear();
        stream.end.reset();
    } else if (stream.said_all) {
        return;  // nobody is there to take it
    } else if (!stream.end->holds_client() &&
               stream.input.size() + packet.payload.size() > limits::stream_input) {
        stream.failure = Error{
            Reason::too_many,
            fmt::format("the guest does not take its input: {} bytes wait already", stream.input.size())};
    } else {
        // At once, as the client may be gone with the next message.
        stream.input.insert(stream.input.end(), packet.payload.begin(), packet.payload.end());
        pass_in(stream);
    }
}

bool Streams::hold_client() const {
    return std::ranges::any_of(streams_, [](const auto& entry) {
        const auto& stream = entry.second;
        return !stream.input.empty() && !stream.failure && stream.end && stream.end->holds_client();
    });
}

/// As much of what has come as the other end takes now.
void Streams::pass_in(Stream& stream) {
    if (stream.input.empty()) return;
    const auto taken = stream.end->write(stream.input);
    if (taken)
        stream.input.erase(stream.input.begin(), stream.input.begin() + static_cast<std::ptrdiff_t>(*taken));
    else
        stream.failure = taken.error();
}

std::optional<Streams::Message> Streams::next() {
    for (std::size_t left = streams_.size(); left > 0; --left) {
        auto at = streams_.upper_bound(last_served_);
        if (at == streams_.end()) at = streams_.begin();
        last_served_ = at->first;
        auto told = advance(at->second);
        if (!told) continue;
        if (told->header.status != MessageStatus::continued)
            forget(last_served_);
        else if (at->second.said_all)
            remember_end(last_served_);
        return told;
    }
    return std::nullopt;
}

std::optional<Streams::Message> Streams::advance(Stream& stream) {
    if (!stream.failure && stream.end) {
        if (auto told = pass_on(stream)) return told;
    }
    const bool done = stream.finished && !stream.failure && finished_behind(stream);
    if (stream.failure) return message(stream, MessageStatus::error, *encode(to_wire(*stream.failure)));
    if (done) return message(stream, MessageStatus::ok);
    return std::nullopt;
}

/// Whether no input would be lost with the stream that could still arrive.
bool Streams::finished_behind(Stream& stream) {
    if (!stream.end) return true;
    if (!stream.input.empty()) return false;
    const auto done = stream.end->finish();
    if (!done) stream.failure = done.error();
    return done.value_or(false);
}

/// Moves bytes both ways.
std::optional<Streams::Message> Streams::pass_on(Stream& stream) {
    pass_in(stream);
    // Who has asked for the end wants to see no more.
    if (stream.failure || stream.finished) return std::nullopt;
    const auto portion = stream.end->read(limits::stream_chunk);
    if (!portion) {
        stream.failure = portion.error();
        return std::nullopt;
    }
    if (!portion->bytes.empty())
        return message(stream, MessageStatus::continued, Bytes(portion->bytes.begin(), portion->bytes.end()));
    if (!portion->end) return std::nullopt;
    stream.said_all = true;
    // What stands behind it is not held until the client finishes, which it may never do.
    stream.input = {};
    stream.end.reset();
    return message(stream, MessageStatus::continued);
}

Streams::Message Streams::message(Stream& stream, MessageStatus status, Bytes payload) {
    auto header = stream.header;
    header.type = MessageType::stream;
    header.status = status;
    return {header, std::move(payload)};
}

void Streams::remember_end(std::uint32_t serial) {
    ended_.push_back(serial);
    if (ended_.size() > limits::ended_streams) forget(ended_.front());
}

void Streams::forget(std::uint32_t serial) {
    streams_.erase(serial);
    std::erase(ended_, serial);
}

}  // namespace virtlight::libvirt
