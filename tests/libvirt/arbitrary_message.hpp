// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <rapidcheck.h>

#include "libvirt/messages.hpp"
#include "libvirt/packet.hpp"

/// rapidcheck's source of messages: any value that the wire can carry, for any type with fields(). To be
/// called inside a property.
namespace virtlight::libvirt::arbitrary {

inline void fill(bool& value) {
    value = *rc::gen::arbitrary<bool>();
}
template <class T>
    requires std::integral<T>
void fill(T& value) {
    value = *rc::gen::arbitrary<T>();
}
inline void fill(double& value) {
    value = *rc::gen::arbitrary<double>();
}
template <class T>
    requires std::is_enum_v<T>
void fill(T& value) {
    value = static_cast<T>(*rc::gen::inRange(0, 7));
}
inline void fill(std::string& text) {
    text = *rc::gen::arbitrary<std::string>();
}
inline void fill(Uuid& uuid) {
    uuid.bytes = *rc::gen::arbitrary<std::array<std::uint8_t, 16>>();
}
template <std::size_t N>
void fill(CharArray<N>& chars) {
    chars.text = *rc::gen::nonEmpty(rc::gen::string<std::string>());
    std::erase(chars.text, '\0');
    chars.text.resize(std::min(chars.text.size(), N - 1));  // a zero ends it
}
inline void fill(CharList& chars) {
    fill(chars.text);
}

// Composites refer to each other, so they are declared before they are defined.
template <class T>
void fill(std::optional<T>& value);
template <class T>
void fill(std::vector<T>& items);
template <class... T>
void fill(std::variant<T...>& value);
template <Message T>
void fill(T& message);

template <class T>
void fill(std::optional<T>& value) {
    value.reset();
    if (*rc::gen::arbitrary<bool>()) fill(value.emplace());
}
template <class T>
void fill(std::vector<T>& items) {
    items.resize(*rc::gen::inRange<std::size_t>(0, 5));
    for (auto& item : items)
        fill(item);
}
template <class... T>
void fill(std::variant<T...>& value) {
    const auto which = *rc::gen::inRange<std::size_t>(0, sizeof...(T));
    std::size_t index = 0;
    ((index++ == which ? fill(value.template emplace<T>()) : void()), ...);
}
template <Message T>
void fill(T& message) {
    std::apply([](auto&... field) { (fill(field), ...); }, message.fields());
}

template <class T>
T any() {
    T value{};
    fill(value);
    return value;
}

}  // namespace virtlight::libvirt::arbitrary
