// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.hpp"

namespace virtlight::domain {

enum class GuestType;

/// A flag, a number, a word or a text, a list of texts.
using SettingValue = std::variant<bool, std::uint64_t, std::string, std::vector<std::string>>;

/// What a guest was given of the things that Xen knows and libvirt's XML has no element for, by the names of
/// xl's options. What is not there is left as Xen has it. Domain XML has them in <metadata>.
using Settings = std::map<std::string, SettingValue, std::less<>>;

/// What a setting may be: a row of domain/setting_rules.hpp.
struct SettingRule {
    enum class Kind { flag, number, word, text, texts };
    enum Guests : unsigned { pv = 1, pvh = 2, hvm = 4, any = 7 };

    std::string_view name;
    Kind kind;
    unsigned guests;           ///< those that can have it
    std::string_view meaning;  ///< for docs/xl-cfg.md
    std::uint64_t least = 0;   ///< of a number
    std::uint64_t most = 0;
    std::span<const std::string_view> words{};      ///< that a word, or each of the texts, can be; none: all
    int first_number = -1;                          ///< xl knows the words by number, too, from this one on
    bool (*fits)(std::string_view text) = nullptr;  ///< for a text, or each of the texts
    std::string_view form{};                        ///< what fits() asks for, in words
};

/// Of all that there are.
std::vector<std::string_view> setting_names();

/// Null: there is no such setting.
const SettingRule* find_setting(std::string_view name);

/// "yes" or "no" of a flag, digits of a number; several are a list's. invalid_argument: says what is allowed.
Result<SettingValue> parse_setting(const SettingRule& rule, const std::vector<std::string>& texts);
/// parse_setting() gives the value again. Empty: a list with nothing in it.
std::vector<std::string> format_setting(const SettingValue& value);

/// The types of guests that can have it: "PVH", "HVM".
std::vector<std::string_view> guests_with(const SettingRule& rule);

/// Whether guests of this type can have it. unsupported_config: says which can.
Result<> check_setting_for(const SettingRule& rule, GuestType type);

}  // namespace virtlight::domain
