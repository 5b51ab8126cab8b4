// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/xml.hpp"

#include <utility>

#include "base/limits.hpp"
#include "domain/xml_document.hpp"
#include "domain/xml_parts.hpp"
#include "domain/xml_values.hpp"

namespace virtlight::domain {
namespace {

/// In libvirt's order of writing. Reading relies on os coming before features and devices: their defaults
/// depend on the guest's type; and on settings coming before features, which tell some, too.
constexpr const XmlPart* domain_parts[] = {
    &general_part,  &resources_part, &cpu_tuning_part,  &os_part,        &settings_part,
    &features_part, &cpu_part,       &clock_part,       &lifecycle_part, &pm_part,
    &devices_part,  &seclabel_part,  &commandline_part,
};

void read_domain(const XmlElement& root, Definition& definition) {
    if (root.name() != "domain" || !root.namespace_uri().empty()) {
        root.invalid("unexpected root element <{}>, expecting <domain>", shown(root.name()));
        return;
    }
    if (!root.attribute("type")) root.invalid("element <domain> has no attribute 'type'; allowed here: xen");
    expect_attribute(root, "type", "xen");
    root.attribute("id");  // of the life that was described; a definition has none
    for (const auto* part : domain_parts)
        part->read(root, definition);
}

/// As the vifs are named while the guest runs.
Definition with_vif_names(Definition definition, unsigned domid) {
    for (auto& nic : definition.nics)
        nic.target = vif_name(nic, domid);
    return definition;
}

std::string write_domain(const Definition& definition, std::optional<unsigned> domid) {
    XmlWriter writer;
    {
        auto root = writer.element("domain");
        root.attribute("type", "xen");
        if (domid) root.attribute("id", *domid);
        if (!definition.emulator_args.empty()) root.attribute("xmlns:xen", xen_namespace);
        for (const auto* part : domain_parts)
            part->write(writer, definition, domid ? Shape::running : Shape::stored);
    }
    return std::move(writer).take();
}

}  // namespace

Result<Definition> parse_xml(std::string_view xml) {
    const auto document = load_document(xml);
    if (!document) return std::unexpected(document.error());
    return parse_document(**document);
}

Result<Definition> parse_document(xmlDoc& document) {
    XmlReading reading(document);
    Definition definition;
    read_domain(reading.root(), definition);
    if (auto done = reading.finish(); !done) return std::unexpected(std::move(done.error()));
    return definition;
}

std::string format_xml(const Definition& definition, std::optional<unsigned> domid) {
    return domid ? write_domain(with_vif_names(definition, *domid), domid) : write_domain(definition, domid);
}

Result<> check_length(const Definition& definition) {
    constexpr auto most = limits::xml_bytes / 2;
    const auto bytes = format_xml(definition).size();
    if (bytes <= most) return {};
    return fail(Reason::invalid_argument,
                "the definition is too long to be kept: its XML takes {} bytes, and {} are the most", bytes,
                most);
}

}  // namespace virtlight::domain
