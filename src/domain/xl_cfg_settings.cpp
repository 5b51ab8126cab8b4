// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <array>
#include <utility>

#include "domain/setting_rules.hpp"
#include "domain/xl_cfg_options.hpp"

// Options that a definition has as settings, under the same name.

namespace virtlight::domain {
namespace {

using SettingKind = SettingRule::Kind;
using Texts = std::vector<std::string>;

/// xl knows some of the words by number, too. Nothing: the number says so.
Texts read_word(const SettingRule& rule, const std::string& text) {
    const auto number = rule.first_number < 0 ? std::nullopt : parse_xl_number(text);
    if (!number || *number < 0) return {text};
    if (*number < rule.first_number) return {};
    const auto index = static_cast<std::uint64_t>(*number - rule.first_number);
    return {index < rule.words.size() ? std::string(rule.words[index]) : text};
}

/// Of old, a flag stands for a list.
Texts read_texts(const SettingRule& rule, const XlAt& at, const Definition& definition) {
    if (!at.is_list() && !rule.words.empty() && (at.text() == "0" || at.text() == "1"))
        return at.boolean() ? Texts{std::string(rule.words.front())} : Texts{};
    // In a list of sets of processors each one has its place; in a text there is one for all vCPUs.
    const bool by_vcpu = rule.name == "cpus_soft" && at.is_list();
    Texts texts;
    for (const auto& item : at.items())
        if (by_vcpu || !item.text().empty()) texts.push_back(item.text().empty() ? "all" : item.text());
    if (by_vcpu && texts.size() == 1 && definition.vcpus_max > 1) texts.emplace_back("all");
    return texts;
}

/// As parse_setting() takes it. None: the option says what is so without it.
Texts read_value(const SettingRule& rule, const XlAt& at, const Definition& definition) {
    if (rule.kind == SettingKind::texts) return read_texts(rule, at, definition);
    if (rule.kind == SettingKind::flag) return {at.boolean() ? "yes" : "no"};
    if (at.text().empty()) return {};
    if (rule.kind == SettingKind::word) return read_word(rule, at.text());
    if (rule.kind == SettingKind::text) return {at.text()};
    const auto number = at.number(rule.most);
    if (number == 0 && rule.least > 0) return {};
    return {std::to_string(number)};
}

void read_setting(const XlAt& at, Definition& definition) {
    const auto& rule = *find_setting(at.key());
    const auto texts = read_value(rule, at, definition);
    if (texts.empty()) return;
    auto value = parse_setting(rule, texts);
    if (!value) return at.invalid("{}", value.error().message);
    const auto good = check_setting_for(rule, definition.type);
    if (good) {
        definition.settings[at.key()] = *std::move(value);
    } else if (!at.says_nothing()) {
        at.unsupported("{}", good.error().message);
    }
}

void write_value(std::string_view key, const SettingValue& value, XlWriter& writer) {
    if (const auto* const flag = std::get_if<bool>(&value)) return writer.number(key, *flag ? 1 : 0);
    if (const auto* const number = std::get_if<std::uint64_t>(&value)) return writer.number(key, *number);
    const auto texts = format_setting(value);
    const bool for_all = key == "cpus_soft" && texts.size() == 1;
    if (std::holds_alternative<std::string>(value) || for_all) return writer.text(key, texts.front());
    writer.texts(key, texts);
}

template <std::size_t index>
void write_setting(const Definition& definition, XlWriter& writer) {
    const auto key = setting_rules[index].name;
    const auto found = definition.settings.find(key);
    if (found != definition.settings.end()) write_value(key, found->second, writer);
}

template <std::size_t... indexes>
constexpr auto options(std::index_sequence<indexes...>) {
    return std::array{XlOption{.key = setting_rules[indexes].name,
                               .meaning = setting_rules[indexes].meaning,
                               .read = read_setting,
                               .write = write_setting<indexes>,
                               .setting = true}...};
}

/// Of old, it is on or off.
void read_altp2mhvm(const XlAt& at, Definition& definition) {
    if (!at.boolean() || at.sibling("altp2m")) return;
    if (definition.type != GuestType::hvm) return at.unsupported("'altp2mhvm' is of HVM guests");
    definition.settings["altp2m"] = "mixed";
}

constexpr XlOption old_forms[] = {
    {"altp2mhvm", "setting `altp2m`", read_altp2mhvm, nullptr, "altp2m"},
};

constexpr auto setting_options = options(std::make_index_sequence<std::size(setting_rules)>());

}  // namespace

constinit const XlOptions xl_setting_options = setting_options;
constinit const XlOptions xl_old_setting_options = old_forms;

}  // namespace virtlight::domain
