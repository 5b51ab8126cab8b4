// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/xl_cfg_options.hpp"

#include <algorithm>

#include "base/limits.hpp"

namespace virtlight::domain {
namespace {

using ValueKind = XlValue::Kind;

const std::string nothing;

}  // namespace

std::optional<std::int64_t> parse_xl_number(std::string_view text) {
    text = trimmed(text);
    const bool negative = text.starts_with('-');
    if (negative || text.starts_with('+')) text.remove_prefix(1);
    const auto digits = without_0x(text);
    const bool octal = text.size() > 1 && text.starts_with('0');
    const auto size = whole_number<std::uint64_t>(digits, digits.size() < text.size() ? 16 : octal ? 8 : 10);
    if (!size || *size > most_xl_number) return std::nullopt;
    const auto number = static_cast<std::int64_t>(*size);
    return negative ? -number : number;
}

void XlReading::note(Reason reason, unsigned line, std::string_view sentence) {
    if (!problem_) problem_ = Error{reason, fmt::format("line {}: {}", line, sentence)};
}

void XlReading::remark(unsigned line, std::string_view sentence) {
    remarks_.push_back(fmt::format("line {}: {}", line, sentence));
}

Result<> XlReading::finish() {
    if (problem_) return std::unexpected(*std::move(problem_));
    return {};
}

void XlAt::note(Reason reason, const std::string& sentence) const {
    const auto name = fmt::format("'{}'", key());
    reading_->note(reason, value_->line, sentence.contains(name) ? sentence : name + ": " + sentence);
}

const std::string& XlAt::text() const {
    if (!is_list()) return value_->text;
    invalid("'{}' is a list, and must be a text", key());
    return nothing;
}

const std::string& XlAt::path() const {
    const auto& path = text();
    if (!path.empty() && !is_file_path(path))
        invalid("'{}' must be the absolute path of a file, up to {} bytes in one line, not '{}'", key(),
                limits::path_bytes, shown(path));
    return path;
}

std::uint64_t XlAt::number(std::uint64_t max) const {
    return static_cast<std::uint64_t>(number(0, static_cast<std::int64_t>(max)));
}

std::int64_t XlAt::number(std::int64_t least, std::int64_t most) const {
    const auto& words = text();
    const auto number = parse_xl_number(words);
    const bool good = number && *number >= least && *number <= most;
    if (!good) invalid("'{}' must be a number from {} to {}, not '{}'", key(), least, most, shown(words));
    return good ? *number : 0;
}

bool XlAt::boolean() const {
    const auto& words = text();
    const auto number = parse_xl_number(words);
    if (!number) invalid("'{}' must be 1, for yes, or 0, for no, not '{}'", key(), shown(words));
    return number.value_or(0) != 0;
}

std::vector<XlAt> XlAt::items() const {
    if (!is_list()) return {*this};
    std::vector<XlAt> all;
    for (const auto& item : value_->items)
        all.push_back(XlAt(*reading_, *siblings_, *setting_, item));
    return all;
}

bool XlAt::says_nothing() const {
    return is_list() ? value_->items.empty() : value_->text.empty() || value_->text == "0";
}

std::optional<XlAt> XlAt::sibling(std::string_view other) const {
    const auto found = std::ranges::find(*siblings_, other, &XlSetting::key);
    if (found == siblings_->end()) return std::nullopt;
    return XlAt(*reading_, *siblings_, *found, found->value);
}

bool XlAt::is_on(std::string_view other, bool otherwise) const {
    const auto there = sibling(other);
    return there ? there->boolean() : otherwise;
}

std::string XlAt::text_of(std::string_view other) const {
    const auto there = sibling(other);
    return there ? there->text() : std::string();
}

std::uint64_t XlAt::number_of(std::string_view other, std::uint64_t max) const {
    const auto there = sibling(other);
    return there ? there->number(max) : 0;
}

XlSettings XlAt::parameters() const {
    XlSettings all;
    std::string_view rest = text();
    while (!rest.empty()) {
        const auto parameter = rest.substr(0, rest.find(','));
        rest.remove_prefix(std::min(parameter.size() + 1, rest.size()));
        const auto equals = std::min(parameter.find('='), parameter.size());
        const std::string key(trimmed(parameter.substr(0, equals)));
        if (key.empty()) continue;
        if (std::ranges::find(all, key, &XlSetting::key) != all.end()) {
            invalid("'{}' is said twice in '{}'", shown(key), shown(text()));
            continue;
        }
        const auto value = parameter.substr(std::min(equals + 1, parameter.size()));
        all.push_back({key, {.text = std::string(value), .line = value_->line}, value_->line});
    }
    return all;
}

void XlWriter::text(std::string_view key, std::string_view text) {
    settings_.push_back({std::string(key), {.text = std::string(text)}});
}

void XlWriter::text_if_any(std::string_view key, std::string_view words) {
    if (!words.empty()) text(key, words);
}

void XlWriter::number(std::string_view key, std::uint64_t number) {
    settings_.push_back({std::string(key), {.kind = ValueKind::number, .text = std::to_string(number)}});
}

void XlWriter::texts(std::string_view key, const std::vector<std::string>& texts) {
    if (texts.empty()) return;
    XlValue list{.kind = ValueKind::list};
    for (const auto& words : texts)
        list.items.push_back({.text = words});
    value(key, std::move(list));
}

void XlWriter::value(std::string_view key, XlValue value) {
    settings_.push_back({std::string(key), std::move(value)});
}

}  // namespace virtlight::domain
