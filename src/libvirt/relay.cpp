// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libvirt/relay.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "libvirt/error.hpp"
#include "libvirt/flags.hpp"
#include "libvirt/messages.hpp"

namespace virtlight::libvirt {
namespace {

enum OpeningCall : std::int32_t { open_connection = 1, list_ways_to_authenticate = 66 };

/// The daemon asks for none of who is root, as this one is.
constexpr std::int32_t no_authentication = 0;

std::unexpected<Error> refused(const Packet& reply) {
    const auto error = decode<WireError>(reply.payload);
    return std::unexpected(error ? from_wire(*error) : error.error());
}

}  // namespace

Relay::Relay(std::string uri, bool read_only) : uri_(std::move(uri)), read_only_(read_only) {
    append(output_, list_ways_to_authenticate, {});
}

Relay::Serial Relay::ask(std::int32_t procedure, View payload) {
    return append(stage_ == Stage::open ? output_ : waiting_, procedure, payload);
}

Relay::Serial Relay::ask_for_stream(std::int32_t procedure, View payload) {
    const auto serial = ask(procedure, payload);
    stream_ = {
        .program = program::remote, .procedure = procedure, .type = MessageType::stream, .serial = serial};
    return serial;
}

void Relay::put(MessageStatus status, View bytes) {
    stream_.status = status;
    append_packet(output_, stream_, bytes);
}

Relay::Serial Relay::append(Bytes& to, std::int32_t procedure, View payload) {
    append_packet(to, {.program = program::remote, .procedure = procedure, .serial = ++last_}, payload);
    return last_;
}

Result<std::optional<Relay::Told>> Relay::next() {
    while (true) {
        const auto packet = framer_.next();
        if (!packet) return std::unexpected(packet.error());
        if (!*packet) return std::nullopt;
        const auto& [header, payload] = **packet;
        if (header.program == program::keepalive && header.procedure == keepalive::ping)
            append_packet(
                output_,
                {.program = program::keepalive, .procedure = keepalive::pong, .type = MessageType::message},
                {});
        if (header.program == program::remote && header.type == MessageType::message)
            messages_.push_back({header.procedure, Bytes(payload.begin(), payload.end())});
        if (header.type == MessageType::stream && stream_.serial != 0 && header.serial == stream_.serial)
            pieces_.push_back({header.status, Bytes(payload.begin(), payload.end())});
        if (header.type != MessageType::reply) continue;
        if (stage_ == Stage::open)
            return Told{header.serial,
                        {.bytes = Bytes(payload.begin(), payload.end()),
                         .refused = header.status == MessageStatus::error}};
        if (auto gone_on = go_on_opening(**packet); !gone_on) return std::unexpected(gone_on.error());
    }
}

Result<> Relay::go_on_opening(const Packet& reply) {
    if (reply.header.status != MessageStatus::ok) return refused(reply);
    if (stage_ == Stage::opening) {
        stage_ = Stage::open;
        output_.insert(output_.end(), waiting_.begin(), waiting_.end());
        waiting_ = {};
        return {};
    }
    const auto ways = decode<std::vector<std::int32_t>>(reply.payload);
    if (!ways) return std::unexpected(ways.error());
    if (std::ranges::find(*ways, no_authentication) == ways->end())
        return fail(Reason::access_denied, "it asks for a way of authentication that is not known here");
    const OpenArgs args{.uri = uri_, .flags = read_only_ ? flag::open_read_only : flag::none};
    const auto payload = encode(args);
    if (!payload) return std::unexpected(payload.error());
    stage_ = Stage::opening;
    append(output_, open_connection, *payload);
    return {};
}

void Relay::sent(std::size_t bytes) {
    output_.erase(output_.begin(), output_.begin() + static_cast<std::ptrdiff_t>(bytes));
}

}  // namespace virtlight::libvirt
