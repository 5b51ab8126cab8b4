// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/xl_cfg_options.hpp"

#include <algorithm>
#include <charconv>

namespace virtlight::domain {
namespace {

using Kind = XlValue::Kind;

/// As C writes numbers: 0x10, 020 and 16 are the same.
std::optional<std::uint64_t> parse_c_number(std::string_view text) {
    int base = 10;
    if (text.starts_with("0x")) {
        base = 16;
        text.remove_prefix(2);
    } else if (text.size() > 1 && text.starts_with('0')) {
        base = 8;
    }
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

const std::string nothing;

}  // namespace

void XlReading::note(Reason reason, unsigned line, std::string_view sentence) {
    if (!problem_) problem_ = Error{reason, fmt::format("line {}: {}", line, sentence)};
}

Result<> XlReading::finish() {
    if (problem_) return std::unexpected(*std::move(problem_));
    return {};
}

const std::string& XlAt::text() const {
    if (!is_list()) return value_->text;
    invalid("'{}' is a list, and must be a text", key());
    return nothing;
}

std::uint64_t XlAt::number(std::uint64_t max) const {
    const auto& words = text();
    const auto number = parse_c_number(words);
    if (!number || *number > max)
        invalid("'{}' must be a number from 0 to {}, not '{}'", key(), max, shown(words));
    return number && *number <= max ? *number : 0;
}

std::vector<XlAt> XlAt::items() const {
    if (!is_list()) return {*this};
    std::vector<XlAt> all;
    for (const auto& item : value_->items)
        all.push_back(XlAt(*reading_, *setting_, item));
    return all;
}

std::optional<XlAt> XlAt::sibling(std::string_view other) const {
    const auto& settings = reading_->settings();
    const auto found = std::ranges::find(settings, other, &XlSetting::key);
    if (found == settings.end()) return std::nullopt;
    return XlAt(*reading_, *found);
}

void XlWriter::text(std::string_view key, std::string_view text) {
    settings_.push_back({std::string(key), {.text = std::string(text)}});
}

void XlWriter::text_if_any(std::string_view key, std::string_view words) {
    if (!words.empty()) text(key, words);
}

void XlWriter::number(std::string_view key, std::uint64_t number) {
    settings_.push_back({std::string(key), {.kind = Kind::number, .text = std::to_string(number)}});
}

void XlWriter::texts(std::string_view key, const std::vector<std::string>& texts) {
    if (texts.empty()) return;
    XlValue list{.kind = Kind::list};
    for (const auto& words : texts)
        list.items.push_back({.text = words});
    settings_.push_back({std::string(key), std::move(list)});
}

}  // namespace virtlight::domain
