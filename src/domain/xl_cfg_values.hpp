// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "domain/xl_cfg_options.hpp"
#include "domain/xml_values.hpp"

/// Values of xl's options that are words of a set. A table of them serves reader and writer.
namespace virtlight::domain {

/// The word's meaning. Another word is unsupported, and means `otherwise`.
template <class T>
T choice(const XlAt& at, Words<T> words, T otherwise) {
    const auto& word = at.text();
    const auto meaning = meaning_of<T>(word, words);
    if (!meaning)
        at.unsupported("'{}' cannot be '{}' here; allowed are {}", at.key(), shown(word),
                       list_words<T>(words));
    return meaning.value_or(otherwise);
}

}  // namespace virtlight::domain
