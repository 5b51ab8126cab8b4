// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/device_edit.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "domain/device.hpp"
#include "domain/text.hpp"
#include "domain/xml.hpp"
#include "domain/xml_document.hpp"

namespace virtlight::domain {
namespace {

struct NodeDeleter {
    void operator()(xmlNode* node) const { xmlFreeNode(node); }
};
using Node = std::unique_ptr<xmlNode, NodeDeleter>;

std::string_view view(const xmlChar* text) {
    return text == nullptr ? std::string_view{} : std::string_view(reinterpret_cast<const char*>(text));
}

std::string name_of(const xmlNode& node) {
    return std::string(view(node.name));
}

std::vector<xmlNode*> elements_in(const xmlNode& parent) {
    std::vector<xmlNode*> all;
    for (auto* child = parent.children; child != nullptr; child = child->next)
        if (child->type == XML_ELEMENT_NODE) all.push_back(child);
    return all;
}

std::optional<std::string> attribute(xmlNode& node, const xmlChar* name) {
    const std::unique_ptr<xmlChar, decltype(xmlFree)> value(xmlGetNoNsProp(&node, name), xmlFree);
    return value ? std::optional(std::string(view(value.get()))) : std::nullopt;
}

/// What a life has given it, or the place on a bus that is chosen anew.
bool tells_nothing(const xmlNode& node) {
    return name_of(node) == "alias" || name_of(node) == "address";
}

/// Whether `there` has all that `wanted` says.
bool has_all_of(xmlNode& there, xmlNode& wanted) {
    if (name_of(there) != name_of(wanted)) return false;
    for (const auto* one = wanted.properties; one != nullptr; one = one->next)
        if (attribute(there, one->name) != attribute(wanted, one->name)) return false;
    const auto parts = elements_in(there);
    return std::ranges::all_of(elements_in(wanted), [&](xmlNode* part) {
        return tells_nothing(*part) ||
               std::ranges::any_of(parts, [&](xmlNode* other) { return has_all_of(*other, *part); });
    });
}

/// Whether one can stand for the other: there may be one of each type.
bool same_kind(xmlNode& there, xmlNode& wanted) {
    const auto* const type = reinterpret_cast<const xmlChar*>("type");
    const auto wanted_type = attribute(wanted, type);
    return name_of(there) == name_of(wanted) && (!wanted_type || attribute(there, type) == wanted_type);
}

Result<xmlNode*> find(const xmlNode& devices, xmlNode& wanted, bool (*fits)(xmlNode&, xmlNode&)) {
    std::vector<xmlNode*> found;
    for (auto* const one : elements_in(devices))
        if (fits(*one, wanted)) found.push_back(one);
    const auto name = shown(name_of(wanted));
    if (found.empty()) return fail(Reason::no_device, "the definition has no such <{}>", name);
    if (found.size() > 1)
        return fail(Reason::operation_failed, "the definition has {} such <{}>: say which one is meant",
                    found.size(), name);
    return found.front();
}

Result<> make(xmlNode& devices, xmlNode& wanted, DeviceEdit edit) {
    if (edit != DeviceEdit::add) {
        const auto there = find(devices, wanted, edit == DeviceEdit::remove ? has_all_of : same_kind);
        if (!there) return std::unexpected(there.error());
        xmlUnlinkNode(*there);
        const Node gone(*there);
    }
    if (edit != DeviceEdit::remove) xmlAddChild(&devices, xmlDocCopyNode(&wanted, devices.doc, 1));
    return {};
}

}  // namespace

bool is_of_definition_only(std::string_view xml) {
    const auto element = device_element(xml);
    return !element.empty() && !is_live_device(element);
}

std::string device_element(std::string_view xml) {
    const auto document = load_document(xml);
    return document ? name_of(*xmlDocGetRootElement(document->get())) : std::string();
}

Result<Definition> edit_device(const Definition& definition, std::string_view xml, DeviceEdit edit) {
    const auto device = load_document(xml);
    if (!device) return std::unexpected(device.error());
    const auto document = load_document(format_xml(definition));
    if (!document) return std::unexpected(document.error());
    for (auto* const part : elements_in(*xmlDocGetRootElement(document->get())))
        if (name_of(*part) == "devices")
            if (auto made = make(*part, *xmlDocGetRootElement(device->get()), edit); !made)
                return std::unexpected(std::move(made.error()));
    return parse_document(**document);
}

}  // namespace virtlight::domain
