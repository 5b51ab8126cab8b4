// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/label.hpp"
#include "domain/xml_parts.hpp"
#include "domain/xml_values.hpp"

// XSM's label of the guest. Xen's model of security is FLASK, whose labels are always given.

namespace virtlight::domain {
namespace {

enum class Kind { fixed, none };
constexpr Word<Kind> kinds[] = {{"static", Kind::fixed}, {"none", Kind::none}};
constexpr std::string_view model = "flask";

void read_label(const XmlElement& element, Definition& definition) {
    expect_attribute(element, "model", model);
    expect_attribute(element, "relabel", "no");
    const auto label = element.child("label");
    const std::string text(trimmed(label.text()));
    if (!label)
        element.invalid("<seclabel> has no <label>, as in <label>system_u:system_r:domU_t</label>");
    else if (const auto good = check_label(text); !good)
        label.invalid("<label>: {}", good.error().message);
    if (!definition.label.empty()) element.unsupported("a guest has one <seclabel> of model '{}'", model);
    definition.label = text;
}

void read(const XmlElement& domain, Definition& definition) {
    for (const auto& element : domain.children("seclabel")) {
        if (trimmed(element.attribute("type").value_or("dynamic")) == "dynamic") {
            element.unsupported("no <seclabel> is made up here; allowed are the types {}",
                                list_words<Kind>(kinds));
        } else if (attribute_choice(element, "type", kinds, Kind::fixed) == Kind::fixed) {
            read_label(element, definition);
        } else {
            element.attribute("model");  // of whichever there is none
            expect_attribute(element, "relabel", "no");
        }
    }
}

void write(XmlWriter& writer, const Definition& definition, Shape) {
    if (definition.label.empty()) return;
    auto element = writer.element("seclabel");
    element.attribute("type", "static").attribute("model", model).attribute("relabel", "no");
    writer.element("label").text(definition.label);
}

}  // namespace

constinit const XmlPart seclabel_part{read, write};

}  // namespace virtlight::domain
