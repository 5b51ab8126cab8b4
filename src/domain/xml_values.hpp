// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <algorithm>
#include <charconv>
#include <concepts>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "domain/text.hpp"
#include "domain/xml_element.hpp"

/// Values inside elements and attributes. Blanks around words and numbers do not count. A value that is not
/// allowed is noted at its element, with what is allowed.
namespace virtlight::domain {

/// A word of domain XML and what it means. A table of them serves reader and writer.
template <class T>
struct Word {
    std::string_view word;
    T meaning;
};

template <class T>
using Words = std::type_identity_t<std::span<const Word<T>>>;

template <class T>
std::optional<T> meaning_of(std::string_view word, Words<T> words) {
    const auto found = std::ranges::find(words, trimmed(word), &Word<T>::word);
    if (found == words.end()) return std::nullopt;
    return found->meaning;
}

/// The first word with this meaning; the table must have one.
template <class T>
std::string_view word_for(T meaning, Words<T> words) {
    return std::ranges::find(words, meaning, &Word<T>::meaning)->word;
}

/// "utc, localtime"
template <class T>
std::string list_words(Words<T> words) {
    std::vector<std::string_view> all;
    for (const auto& word : words)
        all.push_back(word.word);
    return fmt::format("{}", fmt::join(all, ", "));
}

/// The attribute's meaning, or `otherwise` where it is missing. A word that is not in the table is
/// unsupported.
template <class T>
T attribute_choice(const XmlElement& at, std::string_view attribute, Words<T> words, T otherwise) {
    const auto word = at.attribute(attribute);
    if (!word) return otherwise;
    const auto meaning = meaning_of<T>(*word, words);
    if (!meaning) {
        at.unsupported("Invalid value for attribute '{}' in element '{}': '{}'; allowed here: {}", attribute,
                       at.name(), shown(*word), list_words<T>(words));
    }
    return meaning.value_or(otherwise);
}

/// An attribute that may be missing or say this, which is what holds anyway. Another word is unsupported.
void expect_attribute(const XmlElement& at, std::string_view attribute, std::string_view only);

/// Digits only; empty: not a number, or too large for the type.
template <std::unsigned_integral T>
std::optional<T> parse_number(std::string_view text) {
    text = trimmed(text);
    T number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

/// The path of a file in dom0 that an element holds: absolute, in one line. Empty where the element is
/// missing or empty.
std::string path_in(const XmlElement& at);

/// The <alias> of a device, which is made anew for each life of a guest. One that the user chose ("ua-...")
/// is meant to be kept, and cannot be: unsupported.
void ignore_alias(const XmlElement& device);

}  // namespace virtlight::domain
