// SPDX-License-Identifier: LGPL-2.1-or-later
#include "simulated/behaviour.hpp"

#include <charconv>

#include "base/limits.hpp"

namespace virtlight::simulated {
namespace {

using hypervisor::StopReason;

constexpr std::string_view blanks = " \t\r\n";

/// Takes the next word off the front; empty at the end.
std::string_view take_word(std::string_view& text) {
    text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
    const auto word = text.substr(0, text.find_first_of(blanks));
    text.remove_prefix(word.size());
    return word;
}

std::optional<double> parse_number(std::string_view text, double most) {
    double value = 0;
    const auto* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value, std::chars_format::fixed);
    // Written so that not-a-number is refused too.
    if (error != std::errc() || stop != end || !(value >= 0 && value <= most)) return {};
    return value;
}

void stop_at(Behaviour& behaviour, Duration at, StopReason reason) {
    if (!behaviour.stop || at < behaviour.stop->at) behaviour.stop = {at, reason};
}

/// The words without a value.
bool apply(Behaviour& behaviour, std::string_view name) {
    if (name == "frozen")
        behaviour.frozen = true;
    else if (name == "deaf")
        behaviour.deaf = true;
    else if (name == "build-fails")
        behaviour.build_fails = true;
    else
        return false;
    return true;
}

/// The words with SECONDS.
bool apply(Behaviour& behaviour, std::string_view name, Duration seconds) {
    if (name == "poweroff-after")
        stop_at(behaviour, seconds, StopReason::poweroff);
    else if (name == "reboot-after")
        stop_at(behaviour, seconds, StopReason::reboot);
    else if (name == "soft-reset-after")
        stop_at(behaviour, seconds, StopReason::soft_reset);
    else if (name == "crash-after")
        stop_at(behaviour, seconds, StopReason::crash);
    else if (name == "build-takes")
        behaviour.build_takes = seconds;
    else if (name == "late-tty")
        behaviour.late_tty = seconds;
    else if (name == "save-takes")
        behaviour.save_takes = seconds;
    else if (name == "model-ends-after")
        behaviour.model_ends = seconds;
    else
        return false;
    return true;
}

bool apply_word(Behaviour& behaviour, std::string_view word) {
    const auto equals = word.find('=');
    if (equals == word.npos) return apply(behaviour, word);
    const auto name = word.substr(0, equals);
    const auto value = word.substr(equals + 1);
    if (name == "console-flood") {
        const auto rate = parse_number(value, limits::simulated_flood);
        behaviour.console_flood = rate.value_or(0);
        return rate.has_value();
    }
    using Seconds = std::chrono::duration<double>;
    const auto seconds = parse_number(value, Seconds(limits::simulated_seconds).count());
    return seconds && apply(behaviour, name, std::chrono::duration_cast<Duration>(Seconds(*seconds)));
}

}  // namespace

Result<Behaviour> parse_behaviour(std::string_view command_line) {
    constexpr std::string_view ours = "sim:";
    Behaviour behaviour;
    for (auto word = take_word(command_line); !word.empty(); word = take_word(command_line))
        if (word.starts_with(ours) && !apply_word(behaviour, word.substr(ours.size())))
            return fail(
                Reason::invalid_argument,
                "the kernel command line has '{}', which the simulated hypervisor does not understand", word);
    return behaviour;
}

}  // namespace virtlight::simulated
