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

std::string name_of(const xmlNode& node) {
    return std::string(view_of(node.name));
}

std::vector<xmlNode*> elements_in(const xmlNode& parent) {
    std::vector<xmlNode*> all;
    for (auto* child = parent.children; child != nullptr; child = child->next)
        if (child->type == XML_ELEMENT_NODE) all.push_back(child);
    return all;
}

template <class Goes>
void remove_elements(const xmlNode& parent, Goes goes) {
    for (auto* const one : elements_in(parent))
        if (goes(*one)) remove_node(*one);
}

std::optional<std::string> attribute(xmlNode& node, const xmlChar* name) {
    const std::unique_ptr<xmlChar, decltype(xmlFree)> value(xmlGetNoNsProp(&node, name), xmlFree);
    return value ? std::optional(std::string(view_of(value.get()))) : std::nullopt;
}

std::string alias_in(xmlNode& node) {
    return attribute(node, reinterpret_cast<const xmlChar*>("name")).value_or("");
}

bool says(xmlNode& node, const char* name, std::string_view value) {
    return attribute(node, reinterpret_cast<const xmlChar*>(name)) == value;
}

/// A pty's path, or the port that was taken for a screen: a life has given it.
bool is_of_a_life(xmlNode& device, std::string_view name) {
    if (name == "tty") return says(device, "type", "pty");
    return (name == "port" || name == "tlsPort") && says(device, "autoport", "yes");
}

/// What a life has given the device, or the place on a bus that is chosen anew.
bool tells_nothing(xmlNode& device, xmlNode& part) {
    const auto name = name_of(part);
    if (name == "alias") return !is_users_alias(alias_in(part));
    return name == "address" || (name == "source" && says(device, "type", "pty"));
}

/// Whether `there` has all that `wanted` says.
bool has_all_of(xmlNode& there, xmlNode& wanted) {
    if (name_of(there) != name_of(wanted)) return false;
    for (const auto* one = wanted.properties; one != nullptr; one = one->next)
        if (!is_of_a_life(wanted, view_of(one->name)) &&
            attribute(there, one->name) != attribute(wanted, one->name))
            return false;
    const auto parts = elements_in(there);
    return std::ranges::all_of(elements_in(wanted), [&](xmlNode* part) {
        return tells_nothing(wanted, *part) ||
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

bool is_named_by_user(xmlNode* part) {
    return name_of(*part) == "alias" && is_users_alias(alias_in(*part));
}

/// What takes a device's place has its alias, unless the user gives it another one.
void keep_users_alias(const xmlNode& before, xmlNode& device) {
    if (std::ranges::any_of(elements_in(device), is_named_by_user)) return;
    remove_elements(device, [](const xmlNode& part) { return name_of(part) == "alias"; });
    for (auto* const part : elements_in(before))
        if (is_named_by_user(part)) xmlAddChild(&device, xmlDocCopyNode(part, device.doc, 1));
}

bool has_target(xmlNode& device, const char* attribute, std::string_view value) {
    return std::ranges::any_of(elements_in(device), [&](xmlNode* part) {
        return name_of(*part) == "target" && says(*part, attribute, value);
    });
}

/// It stands there twice: it is a <console>, too.
bool is_first_serial(xmlNode& device) {
    return (name_of(device) == "serial" && has_target(device, "port", "0")) ||
           (name_of(device) == "console" && has_target(device, "type", "serial"));
}

Result<> make(xmlNode& devices, xmlNode& wanted, DeviceEdit edit) {
    if (edit != DeviceEdit::add) {
        const auto there = find(devices, wanted, edit == DeviceEdit::remove ? has_all_of : same_kind);
        if (!there) return std::unexpected(there.error());
        if (edit == DeviceEdit::change) keep_users_alias(**there, wanted);
        if (edit == DeviceEdit::remove && is_first_serial(**there))
            remove_elements(devices, is_first_serial);
        else
            remove_node(**there);
    }
    if (edit != DeviceEdit::remove) xmlAddChild(&devices, xmlDocCopyNode(&wanted, devices.doc, 1));
    return {};
}

bool has_alias(const xmlNode& device, std::string_view alias) {
    return std::ranges::any_of(elements_in(device), [alias](xmlNode* part) {
        return name_of(*part) == "alias" && alias_in(*part) == alias;
    });
}

std::string_view whence(std::string_view element) {
    return element == "input" ? "; a mouse and a keyboard come and go with <graphics>" : "";
}

/// A name that a user gives is a change, too; a device that only loses it is there all the same.
Result<> check_changed(const Definition& before, const Definition& after, std::string_view element,
                       DeviceEdit edit) {
    if (edit == DeviceEdit::add && after == before)
        return fail(Reason::operation_failed,
                    "<{}> would change nothing: such a guest has it already, or not by itself{}", element,
                    whence(element));
    if (edit == DeviceEdit::remove && without_aliases(after) == without_aliases(before))
        return fail(Reason::operation_failed, "the <{}> is one that such a guest has anyway{}", element,
                    whence(element));
    return {};
}

xmlNode* devices_in(xmlDoc& document) {
    const auto parts = elements_in(*xmlDocGetRootElement(&document));
    const auto found = std::ranges::find(parts, "devices", [](xmlNode* part) { return name_of(*part); });
    return found == parts.end() ? nullptr : *found;
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
    if (auto* const devices = devices_in(**document))
        if (auto made = make(*devices, *xmlDocGetRootElement(device->get()), edit); !made)
            return std::unexpected(std::move(made.error()));
    auto edited = parse_document(**document);
    if (!edited) return edited;
    const auto element = shown(name_of(*xmlDocGetRootElement(device->get())));
    if (auto changed = check_changed(definition, *edited, element, edit); !changed)
        return std::unexpected(std::move(changed.error()));
    return edited;
}

bool has_alias_of_definition_only(const Definition& definition, std::string_view alias) {
    return std::ranges::any_of(definition.aliases, [alias](const auto& one) { return one.second == alias; });
}

Result<Definition> remove_by_alias(const Definition& definition, std::string_view alias) {
    if (!has_alias_of_definition_only(definition, alias))
        return fail(Reason::no_device, "the definition has no device with alias '{}'", shown(alias));
    const auto document = load_document(format_xml(definition));
    if (!document) return std::unexpected(document.error());
    // One may stand there twice, as the first serial port does.
    if (auto* const devices = devices_in(**document))
        remove_elements(*devices, [alias](const xmlNode& device) { return has_alias(device, alias); });
    auto edited = parse_document(**document);
    if (edited && without_aliases(*edited) == without_aliases(definition))
        return fail(Reason::operation_failed,
                    "the device with alias '{}' is one that such a guest has anyway", shown(alias));
    return edited;
}

}  // namespace virtlight::domain
