// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <concepts>
#include <string>
#include <string_view>

#include <fmt/format.h>

namespace virtlight::manager {

/// One JSON object on one line. Keys are ours and need no escapes. Bytes that are no UTF-8 become U+FFFD.
class JsonLine {
 public:
    JsonLine& add(std::string_view key, std::string_view text);
    JsonLine& add(std::string_view key, std::integral auto number) {
        return raw(key, fmt::to_string(number));
    }
    /// An array of strings.
    template <class Texts>
    JsonLine& add_all(std::string_view key, const Texts& texts) {
        std::string array;
        for (const auto& text : texts)
            array += (array.empty() ? "" : ",") + quoted(text);
        return raw(key, "[" + array + "]");
    }

    /// The line with its end.
    std::string text() const { return "{" + members_ + "}\n"; }

    static std::string quoted(std::string_view text);

 private:
    JsonLine& raw(std::string_view key, std::string_view value);

    std::string members_;
};

}  // namespace virtlight::manager
