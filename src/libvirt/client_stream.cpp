// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libvirt/client_stream.hpp"

#include <array>

#include "base/limits.hpp"
#include "libvirt/error.hpp"
#include "libvirt/messages.hpp"
#include "libvirt/socket.hpp"

namespace virtlight::libvirt {

Result<Bytes> ClientStream::receive() {
    Bytes data;
    // Something may have been read from the socket with the answer to the call that opened the stream.
    if (!take(data)) {
        std::array<std::uint8_t, limits::read_bytes> buffer;
        const auto got = read_some(client_.socket_.get(), buffer);
        if (!got) return Client::lost(got.error());
        client_.framer_.add(View(buffer).first(*got));
        take(data);
    }
    if (failure_ && data.empty()) return std::unexpected(*failure_);
    return data;
}

/// Appends what is here of the stream. False: nothing is.
bool ClientStream::take(Bytes& data) {
    bool any = false;
    while (!failure_) {
        const auto packet = client_.framer_.next();
        if (packet && !*packet) return any;
        if (!packet) {
            failure_ = packet.error();
        } else if (const auto& header = (*packet)->header;
                   header.type == MessageType::stream && header.serial == serial_) {
            any = true;
            take(**packet, data);
        }
    }
    return true;
}

void ClientStream::take(const Packet& packet, Bytes& data) {
    const auto& [header, payload] = packet;
    if (header.status == MessageStatus::error) {
        const auto error = decode<WireError>(payload);
        failure_ = error ? from_wire(*error) : error.error();
        return;
    }
    if (header.status == MessageStatus::ok)
        finished_ = true;
    else if (payload.empty())
        ended_ = true;
    data.insert(data.end(), payload.begin(), payload.end());
}

Result<> ClientStream::send(View bytes) {
    return send(MessageStatus::continued, bytes);
}

Result<> ClientStream::finish() {
    return send(MessageStatus::ok, {});
}

Result<> ClientStream::send(MessageStatus status, View payload) {
    const Header header{.program = program::virtlight,
                        .procedure = procedure_,
                        .type = MessageType::stream,
                        .serial = serial_,
                        .status = status};
    return client_.send(header, payload, Clock::now() + limits::answer_wait);
}

}  // namespace virtlight::libvirt
