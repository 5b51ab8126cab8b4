// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libxl/xenstore_wire.hpp"

#include <cerrno>
#include <cstring>

extern "C" {
#include <xen/io/xs_wire.h>
}

namespace virtlight::fake {

std::string encode(const Message& message) {
    const xsd_sockmsg header{.type = message.type,
                             .req_id = message.request,
                             .tx_id = message.transaction,
                             .len = static_cast<std::uint32_t>(message.payload.size())};
    std::string bytes(sizeof header, '\0');
    std::memcpy(bytes.data(), &header, sizeof header);
    return bytes + message.payload;
}

std::optional<Message> Decoder::next() {
    xsd_sockmsg header;
    if (broken_ || bytes_.size() < sizeof header) return std::nullopt;
    std::memcpy(&header, bytes_.data(), sizeof header);
    broken_ = header.len > XENSTORE_PAYLOAD_MAX;
    if (broken_ || bytes_.size() < sizeof header + header.len) return std::nullopt;
    Message message{header.type, header.req_id, header.tx_id, bytes_.substr(sizeof header, header.len)};
    bytes_.erase(0, sizeof header + header.len);
    return message;
}

std::vector<std::string> split_strings(std::string_view payload) {
    std::vector<std::string> strings;
    while (!payload.empty()) {
        const auto end = payload.find('\0');
        strings.emplace_back(payload.substr(0, end));
        payload.remove_prefix(end == payload.npos ? payload.size() : end + 1);
    }
    return strings;
}

std::string join_strings(const std::vector<std::string>& strings) {
    std::string joined;
    for (const auto& string : strings)
        joined.append(string).push_back('\0');
    return joined;
}

}  // namespace virtlight::fake
