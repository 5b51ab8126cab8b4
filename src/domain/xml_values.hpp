// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "domain/definition.hpp"
#include "domain/text.hpp"
#include "domain/words.hpp"
#include "domain/xml_element.hpp"

/// Values inside elements and attributes. Blanks around words and numbers do not count. A value that is not
/// allowed is noted at its element, with what is allowed.
namespace virtlight::domain {

/// What most attributes that are true or not say. A few elements have switches instead.
inline constexpr Word<bool> yes_or_no[] = {{"yes", true}, {"no", false}};
inline constexpr Word<bool> switches[] = {{"on", true}, {"off", false}};

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

/// As whole_number().
template <std::unsigned_integral T>
std::optional<T> parse_number(std::string_view text) {
    return whole_number<T>(trimmed(text));
}

/// The attribute's number. Empty: it is missing, or is none from `least` to `most`, which is noted.
std::optional<unsigned> attribute_number(const XmlElement& at, std::string_view attribute, unsigned least,
                                         unsigned most);

/// A size of memory, in the unit that the element's attribute `unit` names, as KiB. Rounded up to whole MiB:
/// Xen's guests get no less than what was asked for.
std::uint64_t read_size(const XmlElement& at, std::string_view text);

/// The path of a file in dom0 that an element holds: absolute, in one line, no longer than
/// limits::path_bytes. Empty where the element is missing or empty.
std::string path_in(const XmlElement& at);

/// The domain that <backenddomain> names; empty where there is none.
std::string read_backend_domain(const XmlElement& device);

/// The <alias> of a device if it is the user's. Empty: there is none, or one of those that are made anew for
/// each life of a guest.
std::string read_alias(const XmlElement& device);
/// The same of a device that has no value of its own which could hold it.
void read_alias(const XmlElement& device, std::string_view own_name, Definition& definition);

}  // namespace virtlight::domain
