// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/settings.hpp"

#include <algorithm>
#include <optional>
#include <tuple>

#include <fmt/format.h>

#include "domain/cpu_set.hpp"
#include "domain/definition.hpp"
#include "domain/setting_rules.hpp"
#include "domain/text.hpp"

namespace virtlight::domain {
namespace {

using SettingKind = SettingRule::Kind;

constexpr std::tuple<GuestType, unsigned, std::string_view> setting_guests[] = {
    {GuestType::pv, SettingRule::pv, "PV"},
    {GuestType::pvh, SettingRule::pvh, "PVH"},
    {GuestType::hvm, SettingRule::hvm, "HVM"}};

std::optional<std::uint64_t> hex_number(std::string_view text) {
    return whole_number<std::uint64_t>(without_0x(text), 16);
}

/// The parts before and after; the second is empty where there is no separator.
std::pair<std::string_view, std::optional<std::string_view>> split(std::string_view text, char separator) {
    const auto at = text.find(separator);
    if (at == text.npos) return {text, std::nullopt};
    return {text.substr(0, at), text.substr(at + 1)};
}

Result<> check_text(const SettingRule& rule, const std::string& text) {
    const auto refuse = [&](const auto& allowed) {
        return fail(Reason::invalid_argument, "'{}' cannot be '{}'; it must be {}", rule.name, shown(text),
                    allowed);
    };
    if (text.empty()) return refuse("some text");
    if (!rule.words.empty() && std::ranges::find(rule.words, text) == rule.words.end())
        return refuse(fmt::format("one of {}", fmt::join(rule.words, ", ")));
    if (rule.fits && !rule.fits(text)) return refuse(rule.form);
    return {};
}

Result<SettingValue> parse_flag_setting(const SettingRule& rule, std::string_view text) {
    if (text == "yes") return true;
    if (text == "no") return false;
    return fail(Reason::invalid_argument, "'{}' must be yes or no, not '{}'", rule.name, shown(text));
}

Result<SettingValue> parse_number_setting(const SettingRule& rule, std::string_view text) {
    const auto number = whole_number<std::uint64_t>(text);
    if (number && *number >= rule.least && *number <= rule.most) return *number;
    return fail(Reason::invalid_argument, "'{}' must be a number from {} to {}, not '{}'", rule.name,
                rule.least, rule.most, shown(text));
}

}  // namespace

namespace setting_forms {

bool is_port_range(std::string_view text) {
    constexpr std::uint64_t most = 0xffff;
    const auto [first_text, last_text] = split(text, '-');
    const auto first = hex_number(first_text);
    const auto last = last_text ? hex_number(*last_text) : first;
    return first && last && *first <= *last && *last <= most;
}

bool is_page_range(std::string_view text) {
    const auto [range, place] = split(text, '@');
    const auto [start_text, count_text] = split(range, ',');
    const auto start = hex_number(start_text);
    const auto count = count_text ? hex_number(*count_text) : std::nullopt;
    return start && count && *count > 0 && (!place || hex_number(*place));
}

bool is_irq(std::string_view text) {
    constexpr std::uint64_t most = 0xffff;
    const auto irq = whole_number<std::uint64_t>(text);
    return irq && *irq <= most;
}

bool is_cpu_set(std::string_view text) {
    return CpuSet::parse_xls(text).has_value();
}

}  // namespace setting_forms

std::vector<std::string_view> setting_names() {
    std::vector<std::string_view> names;
    for (const auto& rule : setting_rules)
        names.push_back(rule.name);
    return names;
}

const SettingRule* find_setting(std::string_view name) {
    const auto* const found = std::ranges::find(setting_rules, name, &SettingRule::name);
    return found == std::end(setting_rules) ? nullptr : found;
}

Result<SettingValue> parse_setting(const SettingRule& rule, const std::vector<std::string>& texts) {
    if (rule.kind != SettingKind::texts && texts.size() != 1)
        return fail(Reason::invalid_argument, "'{}' is one value, not {}", rule.name, texts.size());
    if (rule.kind == SettingKind::flag) return parse_flag_setting(rule, texts.front());
    if (rule.kind == SettingKind::number) return parse_number_setting(rule, texts.front());
    for (const auto& text : texts)
        if (auto good = check_text(rule, text); !good) return std::unexpected(std::move(good.error()));
    if (rule.kind == SettingKind::texts) return texts;
    return texts.front();
}

std::vector<std::string> format_setting(const SettingValue& value) {
    if (const auto* const flag = std::get_if<bool>(&value)) return {*flag ? "yes" : "no"};
    if (const auto* const number = std::get_if<std::uint64_t>(&value)) return {std::to_string(*number)};
    if (const auto* const text = std::get_if<std::string>(&value)) return {*text};
    return std::get<std::vector<std::string>>(value);
}

std::vector<std::string_view> guests_with(const SettingRule& rule) {
    std::vector<std::string_view> names;
    for (const auto& [type, bit, name] : setting_guests)
        if ((rule.guests & bit) != 0) names.push_back(name);
    return names;
}

Result<> check_setting_for(const SettingRule& rule, GuestType type) {
    for (const auto& [guest, bit, name] : setting_guests)
        if (guest == type && (rule.guests & bit) != 0) return {};
    return fail(Reason::unsupported_config, "'{}' is of {} guests", rule.name,
                fmt::join(guests_with(rule), " and "));
}

}  // namespace virtlight::domain
