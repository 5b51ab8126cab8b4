// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/xml_settings.hpp"

#include "domain/settings.hpp"
#include "domain/xml_parts.hpp"
#include "domain/xml_values.hpp"

namespace virtlight::domain {
namespace {

constexpr std::string_view settings_element = "virtlight:settings";

/// The one that was meant, or all that there are.
std::string others(std::string_view name) {
    const auto names = setting_names();
    const auto near = suggestion(name, names);
    return near.empty() ? fmt::format("; there are: {}", fmt::join(names, ", ")) : near;
}

void read_setting(const std::string& name, const std::vector<std::string>& texts, const XmlElement& at,
                  Definition& definition) {
    const auto* const rule = find_setting(name);
    if (!rule) return at.unsupported("there is no setting '{}'{}", shown(name), others(name));
    auto value = parse_setting(*rule, texts);
    if (!value) return at.unsupported("setting {}", value.error().message);
    if (const auto good = check_setting_for(*rule, definition.type); !good)
        return at.unsupported("setting {}", good.error().message);
    definition.settings[name] = *std::move(value);
}

void read_settings(const XmlElement& domain, Definition& definition) {
    const auto element = settings_in(domain.child("metadata"));
    if (!element) return;
    std::map<std::string, std::vector<std::string>> all;
    for (const auto& setting : element.children("setting")) {
        const auto name = setting.attribute("name");
        const auto value = setting.attribute("value");
        if (!name || !value) return setting.invalid("<setting> needs the attributes 'name' and 'value'");
        auto& texts = all[*name];
        texts.push_back(*value);
        read_setting(*name, texts, setting, definition);
    }
}

/// They are written with the rest of <metadata>.
void write_settings(XmlWriter&, const Definition&, Shape) {}

}  // namespace

constinit const XmlPart settings_part{read_settings, write_settings};

XmlElement settings_in(const XmlElement& metadata) {
    for (const auto& child : metadata.children())
        if (child.namespace_uri() == settings_namespace) return child;
    return metadata.child({});
}

std::string format_settings(const Definition& definition, std::size_t depth) {
    const auto nics = nics_with_hidden_devid(definition);
    if (definition.settings.empty() && nics.empty()) return {};
    XmlWriter writer(depth);
    {
        auto element = writer.element(settings_element);
        element.attribute("xmlns:virtlight", settings_namespace);
        for (const auto& [name, value] : definition.settings)
            for (const auto& text : format_setting(value))
                writer.element("setting").attribute("name", name).attribute("value", text);
        for (const auto* const nic : nics)
            write_devid(writer, *nic);
    }
    return std::move(writer).take();
}

}  // namespace virtlight::domain
