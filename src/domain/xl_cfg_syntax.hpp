// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

/// The format of xl's configuration files: KEY=VALUE pairs, one a line or with ';' between, comments from '#'
/// to the end of the line. What the keys mean is not known here.
namespace virtlight::domain {

/// "text" or 'text', a number in one of C's three ways, or a list in brackets, which may go over many lines.
struct XlValue {
    enum class Kind { text, number, list };
    Kind kind = Kind::text;
    std::string text{};            ///< of a number, as it was written; of a list, empty
    std::vector<XlValue> items{};  ///< of a list
    unsigned line = 0;             ///< where it begins, from 1; of one that was added to, where that was done

    /// Wherever they are.
    bool operator==(const XlValue& other) const {
        return kind == other.kind && text == other.text && items == other.items;
    }
};

struct XlSetting {
    std::string key;  ///< begins with a small letter; small letters, digits, '.' and '_'
    XlValue value;
    unsigned line = 0;  ///< where it is, from 1

    bool operator==(const XlSetting&) const = default;
};

/// Each key once, in the order of the last time that it was given.
using XlSettings = std::vector<XlSetting>;

/// Reads them. "KEY += VALUE" adds to a key that was given before: a list to a list, a text to a text; a
/// plain second one, of which xl takes the last without a word, is refused. invalid_argument: the error says
/// "line N: " and what is wrong there.
/// Bounded by limits::xl_cfg_bytes and limits::xl_cfg_depth.
Result<XlSettings> parse_xl_settings(std::string_view text);

/// Writes them, one a line; parse_xl_settings() gives them again, with the lines where they are then.
std::string format_xl_settings(const XlSettings& settings);

}  // namespace virtlight::domain
