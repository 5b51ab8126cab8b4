// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <compare>
#include <cstdint>
#include <functional>

namespace virtlight {

/// A name for something that may be gone when the name comes back: a registration, an operation, a domain's
/// life. Ids are never reused (2^64 of them outlive any daemon), so one that is unknown is simply too late
/// and is dropped. Zero names nothing.
template <class Tag>
struct Id {
    std::uint64_t value = 0;

    explicit operator bool() const { return value != 0; }
    auto operator<=>(const Id&) const = default;
};

/// Hands out ids, each once. Not thread-safe: an id source belongs to the owner of what it names.
template <class Tag>
class IdSource {
 public:
    Id<Tag> next() { return Id<Tag>{++last_}; }

    bool operator==(const IdSource&) const = default;

 private:
    std::uint64_t last_ = 0;
};

}  // namespace virtlight

template <class Tag>
struct std::hash<virtlight::Id<Tag>> {
    std::size_t operator()(virtlight::Id<Tag> id) const noexcept {
        return std::hash<std::uint64_t>{}(id.value);
    }
};
