// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/alias.hpp"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "base/limits.hpp"
#include "domain/definition.hpp"
#include "domain/device.hpp"
#include "domain/text.hpp"

namespace virtlight::domain {
namespace {

bool fits_in_alias(unsigned char c) {
    return c < 0x80 && (std::isalnum(c) != 0 || c == '-' || c == '_');
}

}  // namespace

Result<> check_alias(std::string_view alias) {
    if (alias.size() > users_prefix.size() && alias.size() <= limits::alias_bytes &&
        std::ranges::all_of(alias, fits_in_alias))
        return {};
    return fail(Reason::invalid_argument,
                "a user's alias must be '{}' and letters, digits, '-' and '_', up to {} of all, not '{}'",
                users_prefix, limits::alias_bytes, shown(alias));
}

std::vector<NamedAlias> users_aliases(const Definition& definition) {
    std::vector<NamedAlias> all;
    for (const auto& device : all_devices(definition))
        if (auto alias = users_alias_of(device); !alias.empty())
            all.emplace_back(std::move(alias), name_of(device));
    for (const auto& [device, alias] : definition.aliases)
        all.emplace_back(alias, fmt::format("device '{}'", device));
    return all;
}

Definition without_aliases(Definition definition) {
    definition.aliases.clear();
    const auto forget = [](auto& devices) {
        for (auto& device : devices)
            device.alias.clear();
    };
    forget(definition.disks);
    forget(definition.nics);
    forget(definition.pci_devices);
    forget(definition.usb.controllers);
    forget(definition.usb.devices);
    return definition;
}

}  // namespace virtlight::domain
