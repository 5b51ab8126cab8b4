// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/xml_parts.hpp"
#include "domain/xml_values.hpp"

namespace virtlight::domain {
namespace {

constexpr Word<ClockOffset> offsets[] = {{"utc", ClockOffset::utc}, {"localtime", ClockOffset::localtime}};

void read(const XmlElement& domain, Definition& definition) {
    const auto clock = domain.child("clock");
    definition.clock = attribute_choice(clock, "offset", offsets, ClockOffset::utc);
    // The guest's clock starts anew each time, so this says what holds; conversions from xl.cfg write it.
    expect_attribute(clock, "adjustment", "reset");
}

void write(XmlWriter& writer, const Definition& definition, Shape) {
    writer.element("clock").attribute("offset", word_for(definition.clock, offsets));
}

}  // namespace

constinit const XmlPart clock_part{read, write};

}  // namespace virtlight::domain
