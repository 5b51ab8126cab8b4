// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/label.hpp"
#include "domain/xml_parts.hpp"
#include "domain/xml_values.hpp"

// XSM's label of the guest. Xen's model of security is FLASK, whose labels are always given.

namespace virtlight::domain {
namespace {

enum class LabelKind { fixed, none };
constexpr Word<LabelKind> label_kinds[] = {{"static", LabelKind::fixed}, {"none", LabelKind::none}};
constexpr std::string_view label_model = "flask";

void read_label(const XmlElement& element, Definition& definition) {
    expect_attribute(element, "model", label_model);
    expect_attribute(element, "relabel", "no");
    const auto label = element.child("label");
    const std::string text(trimmed(label.text()));
    if (!label)
        element.invalid("<seclabel> has no <label>, as in <label>system_u:system_r:domU_t</label>");
    else if (const auto good = check_label(text); !good)
        label.invalid("<label>: {}", good.error().message);
    if (!definition.label.empty())
        element.unsupported("a guest has one <seclabel> of model '{}'", label_model);
    definition.label = text;
}

void read_seclabel(const XmlElement& domain, Definition& definition) {
    for (const auto& element : domain.children("seclabel")) {
        if (trimmed(element.attribute("type").value_or("dynamic")) == "dynamic") {
            element.unsupported("no <seclabel> is made up here; allowed are the types {}",
                                list_words<LabelKind>(label_kinds));
        } else if (attribute_choice(element, "type", label_kinds, LabelKind::fixed) == LabelKind::fixed) {
            read_label(element, definition);
        } else {
            element.attribute("model");  // of whichever there is none
            expect_attribute(element, "relabel", "no");
        }
    }
}

void write_seclabel(XmlWriter& writer, const Definition& definition, Shape) {
    if (definition.label.empty()) return;
    auto element = writer.element("seclabel");
    element.attribute("type", "static").attribute("model", label_model).attribute("relabel", "no");
    writer.element("label").text(definition.label);
}

}  // namespace

constinit const XmlPart seclabel_part{read_seclabel, write_seclabel};

}  // namespace virtlight::domain
