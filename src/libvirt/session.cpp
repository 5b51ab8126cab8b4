// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libvirt/session.hpp"

#include <algorithm>

#include "libvirt/error.hpp"

namespace virtlight::libvirt {

Session::Session(bool read_only, Time now) : read_only_(read_only), began_(now), heard_(now) {}

void Session::receive(View bytes, Time now) {
    hear(now);
    rest_missing_ = false;  // this may be it; next_call() finds out
    framer_.add(bytes);
}

std::optional<Call> Session::next_call() {
    while (wants_input()) {
        const auto packet = framer_.next();
        rest_missing_ = packet && !*packet && framer_.partial();
        if (!packet) {
            end(packet.error().message);
            break;
        }
        if (!*packet) break;
        if (auto call = accept(**packet)) return call;
    }
    return std::nullopt;
}

std::optional<Call> Session::accept(const Packet& packet) {
    const auto& header = packet.header;
    if (header.program == program::keepalive && header.type == MessageType::message) {
        handle_keepalive(header);
        return std::nullopt;
    }
    if (header.type == MessageType::stream || header.type == MessageType::stream_hole) {
        streams_.receive(packet);
        return std::nullopt;
    }
    // Nobody waits for an answer to what is no call.
    if (header.type != MessageType::call && header.type != MessageType::call_with_fds) return std::nullopt;

    const auto number = static_cast<std::uint32_t>(header.procedure);
    const auto* const procedure =
        header.program == program::virtlight ? find_own_procedure(number) : find_procedure(number);
    if (const auto error = refusal(header, procedure)) {
        refuse(header, *error);
        return std::nullopt;
    }
    const auto id = call_ids_.next();
    in_flight_.emplace(id, header);
    return Call{.id = id,
                .header = header,
                .procedure = procedure,
                .payload = Bytes(packet.payload.begin(), packet.payload.end())};
}

/// Why this call cannot even be tried.
std::optional<Error> Session::refusal(const Header& header, const Procedure* procedure) const {
    const auto because = []<class... Args>(Reason reason, fmt::format_string<Args...> text, Args&&... args) {
        return fail(reason, text, std::forward<Args>(args)...).error();
    };

    const bool known = header.program == program::remote || header.program == program::qemu ||
                       header.program == program::lxc || header.program == program::virtlight;
    if (!known || header.version != 1) {
        return because(Reason::protocol, "Cannot find program {} version {}", header.program, header.version);
    }
    if (header.status != MessageStatus::ok) {
        return because(Reason::protocol, "a call with status {}", static_cast<std::uint32_t>(header.status));
    }
    if (header.program == program::qemu) return because(Reason::no_support, "QEMU's own functions");
    if (header.program == program::lxc) return because(Reason::no_support, "LXC's own functions");

    if (!procedure) {
        const bool own = header.program == program::virtlight;
        const auto function =
            own ? std::nullopt : unserved_function(static_cast<std::uint32_t>(header.procedure));
        if (!function) return because(Reason::protocol, "unknown procedure: {}", header.procedure);
        return because(Reason::no_support, "{}{}{}", function->name, function->why.empty() ? "" : ": ",
                       function->why);
    }
    if (procedure->needs != Needs::nothing && !opened_) {
        return because(Reason::invalid_state, "{} before the connection is open", procedure->function);
    }
    if (procedure->needs == Needs::write && read_only_) {
        return because(Reason::access_denied, "read only access prevents {}", procedure->function);
    }
    if (in_flight_.size() >= limits::calls_in_flight) {
        return because(Reason::too_many, "{}: {} calls of this connection are under way already",
                       procedure->function, limits::calls_in_flight);
    }
    return std::nullopt;
}

void Session::reply(CallId id, const Result<Bytes>& answer, MessageStatus status) {
    const auto found = in_flight_.find(id);
    if (found == in_flight_.end()) return;
    auto header = found->second;
    in_flight_.erase(found);

    header.type = MessageType::reply;
    header.status = status;
    if (!answer) {
        refuse(header, answer.error());
    } else if (answer->size() > limits::wire_message - header_bytes) {
        refuse(header, Error{Reason::internal, "the answer is too long for one message"});
    } else {
        append(header, *answer);
    }
}

void Session::send_event(std::int32_t procedure, View payload) {
    append({.program = program::remote, .procedure = procedure, .type = MessageType::message}, payload);
}

bool Session::send_streams(Time now) {
    const bool was_held = streams_.hold_client();
    const bool more = fill_from_streams();
    // What the client has said meanwhile lies in the socket.
    if (was_held && !streams_.hold_client()) hear(now);
    return more;
}

bool Session::fill_from_streams() {
    constexpr auto longest = length_bytes + header_bytes + limits::stream_chunk;
    while (!ended() && !closing_) {
        if (output().size() + longest > limits::stream_output) return true;
        const auto message = streams_.next();
        if (!message) break;
        append(message->header, message->payload);
    }
    return false;
}

void Session::refuse(const Header& header, const Error& error) {
    auto reply = header;
    reply.type = MessageType::reply;
    reply.status = MessageStatus::error;
    append(reply, *encode(to_wire(error)));
}

void Session::append(const Header& header, View payload) {
    if (!end_reason_.empty()) return;
    if (!outbox_.put(header, payload)) end(fmt::format("it left {} bytes unread", output().size()));
}

void Session::sent(std::size_t bytes, Time now) {
    // What the client says lies in the socket meanwhile: that it reads is all that is known of it.
    if (bytes > 0 && !wants_input()) hear(now);
    outbox_.sent(bytes);
    if (bytes > 0 || !unread_since_) unread_since_ = now;
    if (!is_behind()) unread_since_.reset();
}

Time Session::deadline() const {
    auto due = Time::max();
    if (!opened_) due = std::min(due, began_ + limits::open_wait);
    if (rest_due()) due = std::min(due, heard_ + limits::rest_wait);
    if (unread_since_) due = std::min(due, *unread_since_ + limits::read_wait);
    if (keepalive_) due = std::min(due, next_ping());
    return due;
}

void Session::tick(Time now) {
    if (ended()) return;
    if (!opened_ && now >= began_ + limits::open_wait) return end("it did not open the connection in time");
    if (rest_due() && now >= heard_ + limits::rest_wait) return end("the rest of a message did not come");
    if (unread_since_ && now >= *unread_since_ + limits::read_wait) return end("it has stopped reading");
    if (!keepalive_ || now < next_ping()) return;
    // Its signs of life lie behind what a stream has it wait with; but it is to see ours.
    if (!streams_.hold_client()) {
        if (unanswered_pings_ == limits::keepalive_count) return end("it gives no sign of life");
        ++unanswered_pings_;
    }
    asked_ = now;
    send_keepalive(keepalive::ping);
}

void Session::handle_keepalive(const Header& header) {
    if (header.procedure == keepalive::ping) send_keepalive(keepalive::pong);
}

void Session::send_keepalive(std::int32_t procedure) {
    append({.program = program::keepalive, .procedure = procedure, .type = MessageType::message}, {});
}

void Session::open(bool read_only) {
    opened_ = true;
    read_only_ = read_only_ || read_only;
}

void Session::close() {
    closing_ = true;
}

void Session::end(std::string reason) {
    end_reason_ = std::move(reason);
}

/// More is unread than streams are filled up to, whose viewers may look away for as long as they like.
bool Session::is_behind() const {
    return output().size() > limits::stream_output + limits::stream_chunk + length_bytes + header_bytes;
}

/// A message has begun and it is the client's turn to send the rest.
bool Session::rest_due() const {
    return rest_missing_ && !input_paused();
}

void Session::hear(Time now) {
    heard_ = now;
    unanswered_pings_ = 0;
}

/// Each question has its interval, however late it was asked: a daemon that has not run for a while must not
/// ask them all at once, with no time for an answer.
Time Session::next_ping() const {
    return std::max(heard_, asked_) + limits::keepalive_interval;
}

}  // namespace virtlight::libvirt
