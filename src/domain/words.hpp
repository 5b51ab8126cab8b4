// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <fmt/ranges.h>

#include "domain/text.hpp"

namespace virtlight::domain {

/// A word and what it means. A table of them serves reader and writer.
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
        if (!word.word.empty()) all.push_back(word.word);
    return fmt::format("{}", fmt::join(all, ", "));
}

}  // namespace virtlight::domain
