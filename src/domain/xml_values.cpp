// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/xml_values.hpp"

#include <utility>

namespace virtlight::domain {

void expect_attribute(const XmlElement& at, std::string_view attribute, std::string_view only) {
    const Word<bool> words[] = {{only, true}};
    std::ignore = attribute_choice<bool>(at, attribute, words, true);
}

std::string path_in(const XmlElement& at) {
    auto path = at.text();
    if (path.empty()) return path;
    if (!path.starts_with('/') || path.size() == 1) {
        at.invalid("<{}> must be the absolute path of a file, not '{}'", at.name(), shown(path));
    } else if (path.find_first_of("\r\n") != path.npos) {
        at.invalid("<{}> must be a path in one line, not '{}'", at.name(), shown(path));
    }
    return path;
}

void ignore_alias(const XmlElement& device) {
    const auto alias = device.child("alias");
    const auto name = alias.attribute("name").value_or("");
    if (name.starts_with("ua-")) {
        alias.unsupported("user-defined alias '{}' is not supported; leave <alias> out", shown(name));
    }
}

}  // namespace virtlight::domain
