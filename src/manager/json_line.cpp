// SPDX-License-Identifier: LGPL-2.1-or-later
#include "manager/json_line.hpp"

#include "domain/text.hpp"

namespace virtlight::manager {
std::string JsonLine::quoted(std::string_view text) {
    std::string quoted = "\"";
    while (!text.empty()) {
        const auto before = text;
        const auto character = domain::take_char(text);
        if (!character)
            quoted += "\ufffd";
        else if (*character == U'"' || *character == U'\\')
            quoted.append({'\\', before[0]});
        else if (*character < U' ')
            quoted += fmt::format("\\u{:04x}", static_cast<unsigned>(*character));
        else
            quoted += before.substr(0, before.size() - text.size());
    }
    return quoted + '"';
}

JsonLine& JsonLine::add(std::string_view key, std::string_view text) {
    return raw(key, quoted(text));
}

JsonLine& JsonLine::raw(std::string_view key, std::string_view value) {
    if (!members_.empty()) members_ += ',';
    members_ += fmt::format("\"{}\":{}", key, value);
    return *this;
}

}  // namespace virtlight::manager
