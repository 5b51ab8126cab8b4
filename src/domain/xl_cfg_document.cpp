// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/xl_cfg_document.hpp"

#include <cstddef>

#include <fmt/ranges.h>

#include "domain/setting_rules.hpp"
#include "domain/xl_cfg_tables.hpp"

namespace virtlight::domain {
namespace {

/// What an option may say all the same that has no place in a definition.
std::string accepted(const XlOption& option) {
    const auto held = option.holds.empty() ? std::string() : fmt::format("`{}`", option.holds);
    if (!option.ignored) return held;
    return held.empty() ? "anything, with a remark" : fmt::format("{}; anything else with a remark", held);
}

/// What a setting is, and what it can be.
std::string described(const XlOption& option) {
    const auto& rule = *find_setting(option.key);
    auto text = std::string(rule.meaning);
    using Kind = SettingRule::Kind;
    if (rule.kind == Kind::flag) text += ": yes or no";
    if (rule.kind == Kind::number) text += fmt::format(": {} to {}", rule.least, rule.most);
    if (!rule.words.empty()) text += fmt::format(": `{}`", fmt::join(rule.words, "`, `"));
    if (rule.kind == Kind::texts) text += ", each one of several";
    if (rule.guests != SettingRule::any)
        text += fmt::format("; of {} guests", fmt::join(guests_with(rule), " and "));
    return text;
}

/// What a row of a table says of an option that has a way in both directions.
std::string served_row(const XlOption& option) {
    const auto old =
        option.old_form_of.empty() ? std::string() : fmt::format("; an old form of `{}`", option.old_form_of);
    return fmt::format("| `{}` | {}{} |\n", option.key, option.meaning, old);
}

std::string setting_row(const XlOption& option) {
    return fmt::format("| `{}` | {} |\n", option.key, described(option));
}

std::string absent_row(const XlOption& option) {
    return fmt::format("| `{}` | {} | {} |\n", option.key, option.meaning, accepted(option));
}

}  // namespace

std::string xl_cfg_document() {
    std::size_t all = 0;
    std::size_t both_ways = 0;
    std::string served;
    std::string settings;
    std::string absent;
    for_each_xl_option([&](const XlOption& option) {
        all += option.ignored ? 0 : 1;
        both_ways += option.read ? 1 : 0;
        if (option.setting)
            settings += setting_row(option);
        else if (option.read)
            served += served_row(option);
        else
            absent += absent_row(option);
    });
    return fmt::format(
        "# xl's configuration files\n\n"
        "`virtlight import FILE.cfg`, `virsh domxml-from-native xen-xl` and `virsh domxml-to-native xen-xl` "
        "read and\n"
        "write the files that xl(1) starts guests from, xl.cfg(5). This table is made from the code that "
        "does it\n"
        "(`src/domain/xl_cfg_*.cpp`), and a test holds it to that. Of xl's {} options, {} have a way in "
        "both\n"
        "directions; each other one is refused by its name and line unless it says what is so anyway.\n\n"
        "| option | in domain XML |\n|---|---|\n{}\n"
        "## Settings\n\n"
        "What libvirt's XML has no element for is in `<metadata>`, where each client leaves it in peace, and "
        "`virsh edit`\n"
        "changes it. What is not given is left as Xen has it.\n\n"
        "    <metadata>\n"
        "      <virtlight:settings xmlns:virtlight='urn:virtlight:settings:1'>\n"
        "        <setting name='pool' value='Pool-1'/>\n"
        "        <setting name='nx' value='no'/>\n"
        "        <setting name='irqs' value='5'/>\n"
        "        <setting name='irqs' value='7'/>\n"
        "      </virtlight:settings>\n"
        "    </metadata>\n\n"
        "| setting | what it is |\n|---|---|\n{}\n"
        "## Without a place in a definition\n\n"
        "| option | why | accepted all the same |\n|---|---|---|\n{}",
        all, both_ways, served, settings, absent);
}

}  // namespace virtlight::domain
