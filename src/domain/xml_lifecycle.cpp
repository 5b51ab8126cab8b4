// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/lifecycle_words.hpp"
#include "domain/xml_parts.hpp"
#include "domain/xml_values.hpp"

namespace virtlight::domain {
namespace {

struct Occasion {
    std::string_view element;
    LifecycleAction Definition::* action;
    Words<LifecycleAction> actions;
};

constexpr Occasion occasions[] = {
    {"on_poweroff", &Definition::on_poweroff, stop_actions},
    {"on_reboot", &Definition::on_reboot, stop_actions},
    {"on_crash", &Definition::on_crash, crash_actions},
};

void read_lifecycle(const XmlElement& domain, Definition& definition) {
    for (const auto& [name, action, actions] : occasions) {
        const auto element = domain.child(name);
        if (!element) continue;
        const auto word = element.text();
        if (const auto meaning = meaning_of<LifecycleAction>(word, actions)) {
            definition.*action = *meaning;
        } else {
            element.invalid("unknown {} action: {}; allowed are {}", name, shown(word),
                            list_words<LifecycleAction>(actions));
        }
    }
}

void write_lifecycle(XmlWriter& writer, const Definition& definition, Shape) {
    for (const auto& [name, action, actions] : occasions) {
        writer.element(name).text(word_for(definition.*action, actions));
    }
}

}  // namespace

constinit const XmlPart lifecycle_part{read_lifecycle, write_lifecycle};

}  // namespace virtlight::domain
