// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <map>
#include <optional>
#include <string_view>

/// Devices that a guest has as settings, in xl's words: "KEY=VALUE,KEY=VALUE".
namespace virtlight::domain {

using SpecParameters = std::map<std::string_view, std::string_view>;

/// What a spec says; blanks before a key do not count. Empty: a part of it is no KEY=VALUE, or a key is there
/// twice. Views of `spec`.
std::optional<SpecParameters> spec_parameters(std::string_view spec);

/// A keyboard and pointer of Xen's, with a backend-type.
bool is_keyboard_spec(std::string_view spec);
/// A display of Xen's, with one or more connectors: "connectors=ID:WIDTHxHEIGHT;ID:WIDTHxHEIGHT".
bool is_display_spec(std::string_view spec);
/// Sockets of another domain's.
bool is_pv_calls_spec(std::string_view spec);
/// A TPM that another domain emulates.
bool is_vtpm_spec(std::string_view spec);

struct Connector {
    std::string_view id;
    unsigned width = 0;
    unsigned height = 0;
};
/// "ID:WIDTHxHEIGHT", the first of several, which is taken away. Empty: it is none.
std::optional<Connector> take_connector(std::string_view& connectors);

}  // namespace virtlight::domain
