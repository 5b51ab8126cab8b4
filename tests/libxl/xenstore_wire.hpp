// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace virtlight::fake {

/// A message of the xenstore protocol, either way.
struct Message {
    std::uint32_t type = 0;         ///< XS_READ, ...
    std::uint32_t request = 0;      ///< the asker's number, given back with the answer
    std::uint32_t transaction = 0;  ///< 0: none
    std::string payload{};

    bool operator==(const Message&) const = default;
};

std::string encode(const Message& message);

/// Cuts what comes over a connection into messages. Pure.
class Decoder {
 public:
    void feed(std::string_view bytes) { bytes_ += bytes; }
    /// The next whole message, if there is one.
    std::optional<Message> next();
    /// A message longer than the protocol allows: the connection is to be closed.
    bool broken() const { return broken_; }

 private:
    std::string bytes_;
    bool broken_ = false;
};

/// "a\0b\0" as {"a", "b"}; what follows the last NUL is the last string.
std::vector<std::string> split_strings(std::string_view payload);
/// {"a", "b"} as "a\0b\0".
std::string join_strings(const std::vector<std::string>& strings);

}  // namespace virtlight::fake
