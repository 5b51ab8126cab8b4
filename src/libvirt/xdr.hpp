// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "base/limits.hpp"
#include "base/result.hpp"
#include "base/uuid.hpp"

/// XDR (RFC 4506), as far as libvirt's remote protocol uses it. Everything is a whole number of big-endian
/// 32-bit words.
///
/// What a C++ type looks like on the wire:
///   int32, uint32, bool, enum   one word          int64, uint64, double   two words
///   std::string                 length, bytes, padding to a word
///   Uuid                        its 16 bytes
///   std::optional<T>            a word 0, or a word 1 and T
///   std::vector<T>              a count and that many T
///   std::variant<T...>          a word that tells which, from 1, and that T
///   CharArray<N>, CharList      see there
///   a message                   its fields(), one after the other
///
/// A message is a struct with `auto fields(this auto& self) { return std::tie(self.first, self.second); }`:
/// the one description that both directions follow.
namespace virtlight::libvirt {

using Bytes = std::vector<std::uint8_t>;
using View = std::span<const std::uint8_t>;

/// `char text[N]`: a word for each character (an array of char, not a string, to XDR). The text is followed
/// by zeros, and cut so that there is one at least: clients look for it.
template <std::size_t N>
struct CharArray {
    std::string text;
    bool operator==(const CharArray&) const = default;
};

/// `char text<>`: a count and a word for each character.
struct CharList {
    std::string text;
    bool operator==(const CharList&) const = default;
};

/// A whole answer that was encoded as it was made.
struct Encoded {
    Bytes bytes;
};

/// What has nothing to say: a call without arguments, a reply without results.
struct None {
    auto fields(this auto&) { return std::tie(); }
    bool operator==(const None&) const = default;
};

template <class T>
concept Message = requires(const T& message) { message.fields(); };

template <class T>
concept Word = std::same_as<T, std::int32_t> || std::same_as<T, std::uint32_t> || std::is_enum_v<T>;

template <class T>
concept DoubleWord =
    std::same_as<T, std::int64_t> || std::same_as<T, std::uint64_t> || std::same_as<T, double>;

/// Appends values to bytes. A value over a limit of the wire makes the whole fail, as no client could read
/// it.
class XdrWriter {
 public:
    explicit XdrWriter(Bytes& to) : to_(to) {}

    bool within_limits() const { return within_limits_; }

    void put(std::same_as<bool> auto value) { word(value); }
    template <Word T>
    void put(T value) {
        word(static_cast<std::uint32_t>(value));
    }
    template <DoubleWord T>
    void put(T value) {
        number(std::bit_cast<std::uint64_t>(value));
    }
    void put(const std::string& text) {
        count(text.size(), limits::wire_string);
        std::memcpy(room((text.size() + 3) / 4 * 4), text.data(), text.size());
    }
    void put(const Uuid& uuid) { to_.insert(to_.end(), uuid.bytes.begin(), uuid.bytes.end()); }
    template <std::size_t N>
    void put(const CharArray<N>& chars) {
        for (std::size_t i = 0; i < N; ++i)
            character(i < chars.text.size() && i + 1 < N ? chars.text[i] : '\0');
    }
    void put(const CharList& chars) {
        count(chars.text.size(), limits::wire_list);
        for (const char c : chars.text)
            character(c);
    }
    template <class T>
    void put(const std::optional<T>& value) {
        put(value.has_value());
        if (value) put(*value);
    }
    template <class T>
    void put(const std::vector<T>& items) {
        count(items.size(), limits::wire_list);
        for (const auto& item : items)
            put(item);
    }
    template <class... T>
    void put(const std::variant<T...>& value) {
        word(static_cast<std::uint32_t>(value.index() + 1));
        std::visit([this](const auto& chosen) { this->put(chosen); }, value);
    }
    template <Message T>
    void put(const T& message) {
        std::apply([this](const auto&... field) { (this->put(field), ...); }, message.fields());
    }

 private:
    /// So many bytes more at the end, all zero.
    std::uint8_t* room(std::size_t bytes) {
        const auto begin = to_.size();
        to_.resize(begin + bytes);
        return to_.data() + begin;
    }
    template <std::unsigned_integral T>
    void number(T value) {
        static_assert(std::endian::native == std::endian::little);
        const T big_endian = std::byteswap(value);
        std::memcpy(room(sizeof value), &big_endian, sizeof value);
    }
    void word(std::uint32_t value) { number(value); }
    void character(char c) { word(static_cast<unsigned char>(c)); }
    void count(std::size_t n, std::size_t limit) {
        if (n > limit) within_limits_ = false;
        word(static_cast<std::uint32_t>(n));
    }

    Bytes& to_;
    bool within_limits_ = true;
};

/// Takes values from bytes that may hold anything. After a failure, every further take fails, and problem()
/// says what was wrong first. Never makes more items than the bytes at hand could say, at four bytes for
/// each.
class XdrReader {
 public:
    explicit XdrReader(View from) : rest_(from) {}

    const std::string& problem() const { return problem_; }
    std::size_t left() const { return rest_.size(); }

    bool get(bool& value) {
        std::uint32_t bits = 0;
        if (!word(bits)) return false;
        // Whatever is not 0, as libvirt reads it: digitalocean/go-libvirt, which is in Terraform's provider,
        // opens its connections with the 1 in the first byte.
        value = bits != 0;
        return true;
    }
    template <Word T>
    bool get(T& value) {
        std::uint32_t bits = 0;
        if (!word(bits)) return false;
        value = static_cast<T>(bits);
        return true;
    }
    template <DoubleWord T>
    bool get(T& value) {
        std::uint32_t high = 0;
        std::uint32_t low = 0;
        if (!word(high) || !word(low)) return false;
        value = std::bit_cast<T>(std::uint64_t{high} << 32 | low);
        return true;
    }
    bool get(std::string& text) {
        std::size_t length = 0;
        if (!count(length, limits::wire_string, 1)) return false;
        const auto bytes = take(length);
        text.resize(bytes.size());
        // At once, as it may be long.
        if (!bytes.empty()) std::memcpy(text.data(), bytes.data(), bytes.size());
        return take_all((4 - length % 4) % 4);
    }
    bool get(Uuid& uuid) {
        const auto bytes = take(uuid.bytes.size());
        std::ranges::copy(bytes, uuid.bytes.begin());
        return problem_.empty();
    }
    template <std::size_t N>
    bool get(CharArray<N>& chars) {
        if (!characters(chars.text, N)) return false;
        chars.text.resize(std::min(chars.text.find('\0'), N));
        return true;
    }
    bool get(CharList& chars) {
        std::size_t length = 0;
        return count(length, limits::wire_list, 4) && characters(chars.text, length);
    }
    template <class T>
    bool get(std::optional<T>& value) {
        bool present = false;
        value.reset();
        return get(present) && (!present || get(value.emplace()));
    }
    template <class T>
    bool get(std::vector<T>& items) {
        std::size_t n = 0;
        if (!count(n, limits::wire_list, 4)) return false;
        items.resize(n);
        return std::ranges::all_of(items, [this](T& item) { return get(item); });
    }
    template <class... T>
    bool get(std::variant<T...>& value) {
        std::uint32_t which = 0;
        if (!word(which)) return false;
        if (which < 1 || which > sizeof...(T)) return refuse("there is no type {}", which);
        return alternative(value, which - 1, std::index_sequence_for<T...>());
    }
    template <Message T>
    bool get(T& message) {
        return std::apply([this](auto&... field) { return (this->get(field) && ...); }, message.fields());
    }

 private:
    /// Keeps the first problem: what follows is only its consequence.
    template <class... Args>
    bool refuse(fmt::format_string<Args...> text, Args&&... args) {
        if (problem_.empty()) problem_ = fmt::format(text, std::forward<Args>(args)...);
        return false;
    }
    /// The next `n` bytes, or none and a problem.
    View take(std::size_t n) {
        if (!problem_.empty() || n > rest_.size()) {
            refuse("it ends too early");
            return {};
        }
        const auto taken = rest_.first(n);
        rest_ = rest_.subspan(n);
        return taken;
    }
    bool take_all(std::size_t n) {
        take(n);
        return problem_.empty();
    }
    bool word(std::uint32_t& value) {
        const auto bytes = take(4);
        value = 0;
        for (const auto byte : bytes)
            value = value << 8 | byte;
        return problem_.empty();
    }
    /// A number of items that take `size` bytes at least.
    bool count(std::size_t& n, std::size_t limit, std::size_t size) {
        std::uint32_t value = 0;
        if (!word(value)) return false;
        if (value > limit) return refuse("{} are over the limit of {}", value, limit);
        if (value > left() / size) return refuse("it ends too early");
        n = value;
        return true;
    }
    bool characters(std::string& text, std::size_t n) {
        text.clear();
        for (std::uint32_t c = 0; n > 0 && word(c); --n)
            text.push_back(static_cast<char>(c));
        return problem_.empty();
    }
    template <class Variant, std::size_t... Index>
    bool alternative(Variant& value, std::size_t which, std::index_sequence<Index...>) {
        return ((which == Index && get(value.template emplace<Index>())) || ...);
    }

    View rest_;
    std::string problem_;
};

/// internal: the value is over a limit of the wire.
template <class T>
Result<Bytes> encode(const T& value) {
    Bytes bytes;
    XdrWriter writer(bytes);
    writer.put(value);
    if (!writer.within_limits()) return fail(Reason::internal, "the message is over the limits of the wire");
    return bytes;
}

/// protocol: the bytes are not exactly one T.
template <class T>
Result<T> decode(View bytes) {
    XdrReader reader(bytes);
    T value{};
    if (!reader.get(value)) return fail(Reason::protocol, "{}", reader.problem());
    if (reader.left() > 0) return fail(Reason::protocol, "{} bytes follow its end", reader.left());
    return value;
}

}  // namespace virtlight::libvirt
