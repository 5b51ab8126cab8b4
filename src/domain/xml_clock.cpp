// SPDX-License-Identifier: LGPL-2.1-or-later
#include <charconv>
#include <cstdint>
#include <limits>
#include <set>

#include "domain/xml_parts.hpp"
#include "domain/xml_values.hpp"

namespace virtlight::domain {
namespace {

/// Of <clock>: one that is a while ahead of another is "variable", and has that as its basis.
enum class Offset { utc, localtime, variable };
enum class Timer { tsc, hpet };

constexpr Word<Offset> offsets[] = {
    {"utc", Offset::utc}, {"localtime", Offset::localtime}, {"variable", Offset::variable}};
constexpr Word<ClockOffset> bases[] = {{"utc", ClockOffset::utc}, {"localtime", ClockOffset::localtime}};
constexpr Word<Timer> timers[] = {{"tsc", Timer::tsc}, {"hpet", Timer::hpet}};
constexpr Word<TscMode> tsc_modes[] = {
    {"native", TscMode::native}, {"paravirt", TscMode::paravirt}, {"emulate", TscMode::emulate}};
constexpr std::string_view chosen_tsc_mode = "auto";

std::int32_t read_adjustment(const XmlElement& clock) {
    const auto attribute = clock.attribute("adjustment").value_or("0");
    auto text = trimmed(attribute);
    if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
    std::int32_t seconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (error != std::errc{} || end != text.data() + text.size())
        clock.invalid("the adjustment of <clock> must be a number of seconds, from {} to {}, not '{}'",
                      std::numeric_limits<std::int32_t>::min(), std::numeric_limits<std::int32_t>::max(),
                      shown(attribute));
    return seconds;
}

void read_offset(const XmlElement& clock, Definition& definition) {
    const auto offset = attribute_choice(clock, "offset", offsets, Offset::utc);
    if (offset == Offset::variable) {
        definition.clock = attribute_choice(clock, "basis", bases, ClockOffset::utc);
        definition.clock_adjustment = read_adjustment(clock);
        return;
    }
    definition.clock = offset == Offset::localtime ? ClockOffset::localtime : ClockOffset::utc;
    // The guest's clock starts anew each time, so this says what holds; conversions from xl.cfg write it.
    expect_attribute(clock, "adjustment", "reset");
}

void read_tsc(const XmlElement& timer, Platform& platform) {
    expect_attribute(timer, "present", "yes");
    const auto mode = timer.attribute("mode");
    if (!mode || trimmed(*mode) == chosen_tsc_mode) return;
    platform.tsc = attribute_choice(timer, "mode", tsc_modes, TscMode::native);
}

void read_hpet(const XmlElement& timer, Definition& definition) {
    if (definition.type != GuestType::hvm) timer.unsupported("only HVM guests have the <timer> 'hpet'");
    definition.platform.hpet = attribute_choice(timer, "present", yes_or_no, true);
}

/// Which it is.
Timer read_timer(const XmlElement& timer, Definition& definition) {
    if (!timer.attribute("name"))
        timer.invalid("<timer> has no attribute 'name'; allowed here: {}", list_words<Timer>(timers));
    const auto which = attribute_choice(timer, "name", timers, Timer::tsc);
    which == Timer::tsc ? read_tsc(timer, definition.platform) : read_hpet(timer, definition);
    return which;
}

void read_clock(const XmlElement& domain, Definition& definition) {
    const auto clock = domain.child("clock");
    read_offset(clock, definition);
    std::set<Timer> seen;
    for (const auto& timer : clock.children("timer"))
        if (const auto which = read_timer(timer, definition); !seen.insert(which).second)
            timer.invalid("<clock> has a second <timer> '{}'", word_for<Timer>(which, timers));
}

void write_clock(XmlWriter& writer, const Definition& definition, Shape) {
    const auto basis = word_for(definition.clock, bases);
    const bool variable = definition.clock_adjustment != 0;
    auto clock = writer.element("clock");
    clock.attribute("offset", variable ? "variable" : basis);
    if (variable)
        clock.attribute("adjustment", std::to_string(definition.clock_adjustment)).attribute("basis", basis);
    const auto& platform = definition.platform;
    if (platform.tsc)
        writer.element("timer")
            .attribute("name", "tsc")
            .attribute("mode", word_for(*platform.tsc, tsc_modes));
    if (platform.hpet)
        writer.element("timer")
            .attribute("name", "hpet")
            .attribute("present", word_for(*platform.hpet, yes_or_no));
}

}  // namespace

constinit const XmlPart clock_part{read_clock, write_clock};

}  // namespace virtlight::domain
