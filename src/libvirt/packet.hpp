// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/result.hpp"
#include "libvirt/xdr.hpp"

/// How messages are cut out of a stream of bytes: a length word (which counts itself), a header, a payload.
namespace virtlight::libvirt {

enum class MessageType : std::uint32_t {
    call = 0,
    reply = 1,
    message = 2,  ///< sent unasked: events and keepalive
    stream = 3,
    call_with_fds = 4,
    reply_with_fds = 5,
    stream_hole = 6
};

enum class MessageStatus : std::uint32_t { ok = 0, error = 1, continued = 2 };

struct Header {
    std::uint32_t program = 0;
    std::uint32_t version = 1;
    std::int32_t procedure = 0;
    MessageType type = MessageType::call;
    std::uint32_t serial = 0;  ///< the caller's choice; the reply has the same
    MessageStatus status = MessageStatus::ok;

    auto fields(this auto& self) {
        return std::tie(self.program, self.version, self.procedure, self.type, self.serial, self.status);
    }
    bool operator==(const Header&) const = default;
};

inline constexpr std::size_t length_bytes = 4;
inline constexpr std::size_t header_bytes = 24;

namespace program {
inline constexpr std::uint32_t remote = 0x20008086;
inline constexpr std::uint32_t qemu = 0x20008087;
inline constexpr std::uint32_t lxc = 0x00068000;
inline constexpr std::uint32_t keepalive = 0x6b656570;
inline constexpr std::uint32_t virtlight = 0x766c6974;  ///< ours, for what libvirt's cannot say
}  // namespace program

namespace keepalive {
inline constexpr std::int32_t ping = 1;
inline constexpr std::int32_t pong = 2;
}  // namespace keepalive

struct Packet {
    Header header;
    View payload;
};

/// Appends a packet. `payload` must be within limits::wire_message less the header.
void append_packet(Bytes& to, const Header& header, View payload);

/// Cuts packets out of what arrives, in whatever portions it arrives.
class Framer {
 public:
    void add(View bytes);

    /// The next packet, as soon as all of it is there. Its payload is valid until the next add() or next().
    /// protocol: no packet can be found in this stream any more.
    Result<std::optional<Packet>> next();

    /// Whether a packet has begun whose rest has not come. Meaningful when next() has returned nothing.
    bool partial() const { return taken_ < bytes_.size() || descriptors_due_ > 0; }

    /// Bytes of memory behind it.
    std::size_t memory() const { return bytes_.capacity(); }

 private:
    void forget_taken();

    Bytes bytes_;
    std::size_t taken_ = 0;            ///< of bytes_, by packets already handed out
    std::size_t descriptors_due_ = 0;  ///< each travels on one byte of its own behind its packet
};

}  // namespace virtlight::libvirt
