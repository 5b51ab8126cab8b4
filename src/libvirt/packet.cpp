// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libvirt/packet.hpp"

#include <algorithm>

namespace virtlight::libvirt {

void append_packet(Bytes& to, const Header& header, View payload) {
    XdrWriter writer(to);
    writer.put(static_cast<std::uint32_t>(length_bytes + header_bytes + payload.size()));
    writer.put(header);
    to.insert(to.end(), payload.begin(), payload.end());
}

void Framer::add(View bytes) {
    forget_taken();
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
}

void Framer::forget_taken() {
    bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(taken_));
    // A rare big message does not keep its memory.
    if (bytes_.empty() && bytes_.capacity() > 4 * limits::read_bytes) bytes_.shrink_to_fit();
    taken_ = 0;
}

Result<std::optional<Packet>> Framer::next() {
    const auto skipped = std::min(descriptors_due_, bytes_.size() - taken_);
    taken_ += skipped;
    descriptors_due_ -= skipped;

    if (taken_ == bytes_.size()) forget_taken();  // nothing may be added for as long as the client likes
    const auto rest = View(bytes_).subspan(taken_);
    if (descriptors_due_ > 0 || rest.size() < length_bytes) return std::nullopt;

    const std::size_t length = *decode<std::uint32_t>(rest.first(length_bytes));
    if (length < length_bytes + header_bytes || length - length_bytes > limits::wire_message) {
        return fail(Reason::protocol, "a message of {} bytes cannot be", length);
    }
    if (rest.size() < length) return std::nullopt;
    taken_ += length;

    Packet packet{.header = *decode<Header>(rest.subspan(length_bytes, header_bytes)),
                  .payload = rest.first(length).subspan(length_bytes + header_bytes)};
    if (packet.header.type == MessageType::call_with_fds ||
        packet.header.type == MessageType::reply_with_fds) {
        const auto count =
            decode<std::uint32_t>(packet.payload.first(std::min(packet.payload.size(), std::size_t{4})));
        if (!count || *count > limits::wire_descriptors) {
            return fail(Reason::protocol, "a message with too many descriptors or without their number");
        }
        descriptors_due_ = *count;
        packet.payload = packet.payload.subspan(4);
    }
    return packet;
}

}  // namespace virtlight::libvirt
