// SPDX-License-Identifier: LGPL-2.1-or-later
#include <set>

#include "domain/name.hpp"
#include "domain/text.hpp"
#include "domain/xml.hpp"
#include "domain/xml_parts.hpp"
#include "domain/xml_settings.hpp"

namespace virtlight::domain {
namespace {

std::string read_name(const XmlElement& domain) {
    const auto element = domain.child("name");
    auto name = element.text();
    if (!element) {
        domain.invalid("missing name information: <domain> has no <name>");
    } else if (const auto good = check_name(name); !good) {
        element.invalid("{}", good.error().message);
    }
    return name;
}

Uuid read_uuid(const XmlElement& domain) {
    const auto element = domain.child("uuid");
    if (!element) return Uuid::random();
    const auto text = element.text();
    const auto uuid = Uuid::parse(text);
    if (!uuid) {
        element.invalid("malformed uuid element '{}': <uuid> must be {}", shown(text), uuid_form);
    } else if (uuid->is_nil()) {
        element.invalid("uuid element cannot be all zeros: that is Domain-0's");
    }
    return uuid.value_or(Uuid{});
}

std::string read_title(const XmlElement& domain) {
    const auto element = domain.child("title");
    auto title = element.text();
    if (title.contains('\n')) element.invalid("Domain title can't contain newlines");
    return title;
}

/// Tools keep what is theirs here, each under its namespace: that is how they find it again.
std::string read_metadata(const XmlElement& domain) {
    const auto metadata = domain.child("metadata");
    const auto children = metadata.children();
    if (children.empty()) return {};
    std::set<std::string_view> seen;
    for (const auto& child : children) {
        const auto uri = child.namespace_uri();
        if (uri.empty()) {
            child.invalid("element <{}> in <metadata> has no namespace; each one there needs its own",
                          shown(child.name()));
            return {};
        }
        if (!seen.insert(uri).second) {
            child.invalid("<metadata> has a second element of namespace '{}'; each one needs its own",
                          shown(uri));
            return {};
        }
    }
    const auto settings = settings_in(metadata);
    auto others = metadata.outer_xml(settings);
    return settings && children.size() == 1 ? std::string() : others;
}

void read_general(const XmlElement& domain, Definition& definition) {
    definition.name = read_name(domain);
    definition.uuid = read_uuid(domain);
    definition.title = read_title(domain);
    definition.description = domain.child("description").text();
    definition.metadata = read_metadata(domain);
}

void write_general(XmlWriter& writer, const Definition& definition, Shape) {
    writer.element("name").text(definition.name);
    writer.element("uuid").text(to_string(definition.uuid));
    if (!definition.title.empty()) writer.element("title").text(definition.title);
    if (!definition.description.empty()) writer.element("description").text(definition.description);
    if (const auto metadata = metadata_xml(definition); !metadata.empty()) writer.raw(metadata);
}

}  // namespace

constinit const XmlPart general_part{read_general, write_general};

std::string metadata_xml(const Definition& definition) {
    const auto& others = definition.metadata;
    const auto settings = format_settings(definition, 2);
    if (settings.empty()) return others;
    // They come first, so that what is behind them stays as it was.
    auto ours = "\n" + settings;
    ours.pop_back();
    if (others.empty()) return fmt::format("<metadata>{}\n  </metadata>", ours);
    const auto begin = others.find('>') + 1;
    return others.substr(0, begin) + ours + others.substr(begin);
}

}  // namespace virtlight::domain
