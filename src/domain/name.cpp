// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/name.hpp"

#include "base/limits.hpp"
#include "domain/text.hpp"

namespace virtlight::domain {

Result<> check_name(std::string_view name) {
    const auto refuse = [&](std::string_view why) {
        return fail(Reason::invalid_argument, "name '{}' {}", shown(name), why);
    };
    if (name.empty()) return fail(Reason::invalid_argument, "name cannot be empty");
    if (name.size() > limits::name_bytes) {
        return refuse(fmt::format("is {} bytes long; the limit is {}", name.size(), limits::name_bytes));
    }
    if (name == "." || name == "..") return refuse("cannot be used: it means a folder");
    for (auto rest = name; !rest.empty();) {
        const auto character = take_char(rest);
        if (!character) return refuse("is not UTF-8");
        if (*character == '/') return refuse("cannot contain '/'");
        if (is_control(*character)) return refuse("cannot contain control characters");
        if (!is_xml_char(*character)) return refuse("contains a character that XML does not allow");
    }
    return {};
}

std::string other_domain(std::string_view name) {
    return name == "Domain-0" || name == "0" ? std::string() : std::string(name);
}

}  // namespace virtlight::domain
