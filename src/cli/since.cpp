// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/since.hpp"

#include <algorithm>
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

/// A number of exactly two digits, less than `end`.
std::optional<unsigned> two_digits(std::string_view text, unsigned end) {
    const auto number = domain::whole_number<unsigned>(text);
    if (text.size() != 2 || !number || *number >= end) return std::nullopt;
    return number;
}

/// Takes off the end how far before UTC the time's place is: "Z", "+02:00", "-05:30". Empty: it is not said.
std::optional<std::chrono::minutes> take_zone(std::string& text) {
    constexpr std::size_t length = 6;
    if (text.ends_with('Z')) {
        text.pop_back();
        return std::chrono::minutes(0);
    }
    if (text.size() < length) return std::nullopt;
    const auto zone = std::string_view(text).substr(text.size() - length);
    const auto hours = two_digits(zone.substr(1, 2), 24);
    const auto minutes = two_digits(zone.substr(4), 60);
    if ((zone[0] != '+' && zone[0] != '-') || zone[3] != ':' || !hours || !minutes) return std::nullopt;
    const auto ahead = std::chrono::hours(*hours) + std::chrono::minutes(*minutes);
    const auto signed_ahead = zone[0] == '-' ? -ahead : ahead;
    text.resize(text.size() - length);
    return signed_ahead;
}

/// Takes the fraction of a second off the end, "10:15:02.311", and leaves out what is less than a
/// millisecond. Empty: what is behind the seconds is none.
std::optional<milliseconds> take_fraction(std::string& text) {
    const auto point = text.find('.');
    if (point == text.npos) return milliseconds(0);
    constexpr std::size_t digits = 3;
    auto fraction = text.substr(point + 1);
    text.erase(point);
    if (fraction.empty() || !std::ranges::all_of(fraction, [](char c) { return c >= '0' && c <= '9'; }) ||
        std::ranges::count(text, ':') != 2)
        return std::nullopt;
    fraction.resize(digits, '0');
    return milliseconds(*domain::whole_number<std::uint16_t>(fraction));
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

/// The second that they name: of this machine's place, or of UTC. Empty: there is no such day, as 31
/// February.
std::optional<WallTime> second_of(std::tm fields, bool utc) {
    const auto said = fields;
    const WallTime then(seconds(utc ? ::timegm(&fields) : ::mktime(&fields)));
    if (fields.tm_mday != said.tm_mday || fields.tm_mon != said.tm_mon) return std::nullopt;
    return then;
}

std::optional<WallTime> parse_when(std::string text, WallTime now) {
    const auto zone = take_zone(text);
    const auto fraction = take_fraction(text);
    if (!fraction) return std::nullopt;
    const auto ahead = zone.value_or(std::chrono::minutes(0));
    const auto seconds_now = std::chrono::system_clock::to_time_t(now + ahead);
    std::tm today{};
    zone ? ::gmtime_r(&seconds_now, &today) : ::localtime_r(&seconds_now, &today);
    today.tm_hour = today.tm_min = today.tm_sec = 0;
    today.tm_isdst = -1;
    const auto fields = fields_of(text, today);
    const auto then = fields ? second_of(*fields, zone.has_value()) : std::nullopt;
    if (!then) return std::nullopt;
    return *then - ahead + *fraction;
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
