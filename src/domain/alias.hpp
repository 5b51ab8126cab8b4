// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace virtlight::domain {

struct Definition;

/// What the aliases begin with that a user gives to devices. All others are made up by whoever runs the
/// guest.
inline constexpr std::string_view users_prefix = "ua-";

inline bool is_users_alias(std::string_view alias) {
    return alias.starts_with(users_prefix);
}

/// Whether a user's alias can be one: letters, digits, '-' and '_', up to limits::alias_bytes of them.
/// invalid_argument.
Result<> check_alias(std::string_view alias);

/// A user's aliases of devices, by the names that these have anyway: "video0".
using Aliases = std::map<std::string, std::string, std::less<>>;

/// A user's alias, and the device that has it, as a person knows it.
using NamedAlias = std::pair<std::string, std::string>;

/// All of a definition's.
std::vector<NamedAlias> users_aliases(const Definition& definition);

/// The definition without the user's aliases: they mean nothing to the guest.
Definition without_aliases(Definition definition);

}  // namespace virtlight::domain
