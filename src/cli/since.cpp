// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/since.hpp"

#include <charconv>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "domain/text.hpp"

namespace virtlight::cli {
namespace {

std::optional<milliseconds> parse_ago(std::string_view text) {
    std::uint32_t number = 0;
    const auto* const end = text.data() + text.size();
    const auto [unit, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc()) return std::nullopt;
    const std::string_view word(unit, static_cast<std::size_t>(end - unit));
    if (word.empty() || word == "s") return seconds(number);
    if (word == "m") return std::chrono::minutes(number);
    if (word == "h") return std::chrono::hours(number);
    if (word == "d") return std::chrono::days(number);
    return std::nullopt;
}

/// Takes the fraction of a second off the end: "10:15:02.311".
std::optional<milliseconds> take_fraction(std::string& text) {
    const auto point = text.find('.');
    if (point == text.npos) return milliseconds(0);
    constexpr std::size_t digits = 3;
    auto fraction = text.substr(point + 1, digits);
    text.erase(point);
    fraction.resize(digits, '0');
    const auto number = domain::whole_number<std::uint16_t>(fraction);
    if (!number) return std::nullopt;
    return milliseconds(*number);
}

/// What strptime() finds when it is all of the text; `fields` keep what the format does not say.
std::optional<std::tm> fields_of(const std::string& text, const char* format, std::tm fields) {
    const char* const end = ::strptime(text.c_str(), format, &fields);
    if (!end || *end != '\0') return std::nullopt;
    return fields;
}

std::optional<std::tm> fields_of(const std::string& text, const std::tm& today) {
    for (const char* const format : {"%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M",
                                     "%Y-%m-%d %H:%M", "%Y-%m-%d", "%H:%M:%S", "%H:%M"})
        if (const auto found = fields_of(text, format, today)) return found;
    return std::nullopt;
}

std::optional<WallTime> parse_when(std::string text, WallTime now) {
    const bool utc = text.ends_with('Z');
    if (utc) text.pop_back();
    const auto fraction = take_fraction(text);
    if (!fraction) return std::nullopt;
    const auto seconds_now = std::chrono::system_clock::to_time_t(now);
    std::tm today{};
    utc ? ::gmtime_r(&seconds_now, &today) : ::localtime_r(&seconds_now, &today);
    today.tm_hour = today.tm_min = today.tm_sec = 0;
    today.tm_isdst = -1;
    auto fields = fields_of(text, today);
    if (!fields) return std::nullopt;
    const auto then = utc ? ::timegm(&*fields) : ::mktime(&*fields);
    return WallTime(seconds(then)) + *fraction;
}

}  // namespace

Result<WallTime> parse_since(std::string_view text, WallTime now) {
    if (const auto ago = parse_ago(text)) return now - *ago;
    if (const auto when = parse_when(std::string(text), now)) return *when;
    return fail(Reason::invalid_argument,
                "'{}' is no time: write how long ago (90s, 15m, 2h, 3d), or when (10:15, 2026-11-22, "
                "2026-11-22T10:15:02Z)",
                domain::shown(text));
}

}  // namespace virtlight::cli
