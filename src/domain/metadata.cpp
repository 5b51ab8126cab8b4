// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/metadata.hpp"

#include <functional>
#include <utility>

#include "domain/definition.hpp"
#include "domain/text.hpp"
#include "domain/xml.hpp"
#include "domain/xml_document.hpp"
#include "domain/xml_element.hpp"
#include "domain/xml_settings.hpp"

namespace virtlight::domain {
namespace {

const xmlChar* xml_text(const std::string& text) {
    return reinterpret_cast<const xmlChar*>(text.c_str());
}

bool is_in(const xmlNode& node, std::string_view uri) {
    return node.type == XML_ELEMENT_NODE && node.ns != nullptr && view_of(node.ns->href) == uri;
}

xmlNode* find_element(const xmlNode& metadata, std::string_view uri) {
    for (auto* node = metadata.children; node != nullptr; node = node->next)
        if (is_in(*node, uri)) return node;
    return nullptr;
}

/// Documents are bounded in depth, so this is too.
void for_each_element(xmlNode& node, const std::function<void(xmlNode&)>& act) {
    act(node);
    for (auto* child = node.children; child != nullptr; child = child->next)
        if (child->type == XML_ELEMENT_NODE) for_each_element(*child, act);
}

std::string text_of(xmlDoc& document) {
    XmlReading reading(document);
    return reading.root().outer_xml();
}

void leave_namespace(xmlNode& node, std::string_view uri) {
    const auto is_it = [uri](const xmlNs* ns) { return ns != nullptr && view_of(ns->href) == uri; };
    if (is_it(node.ns)) node.ns = nullptr;
    for (auto* attribute = node.properties; attribute != nullptr; attribute = attribute->next)
        if (is_it(attribute->ns)) attribute->ns = nullptr;
}

/// Nothing may be in it any more.
void drop_declarations(xmlNode& node, std::string_view uri) {
    for (auto** at = &node.nsDef; *at != nullptr;) {
        if (view_of((*at)->href) != uri) {
            at = &(*at)->next;
            continue;
        }
        auto* const dropped = std::exchange(*at, (*at)->next);
        xmlFreeNs(dropped);
    }
}

/// Puts what is in no namespace into the one that was asked for.
Result<> put_into_namespace(xmlNode& root, const Metadata& metadata) {
    if (is_in(root, metadata.uri)) return {};
    if (root.ns != nullptr)
        return fail(Reason::invalid_argument, "the metadata's element is in namespace '{}', and not in '{}'",
                    shown(view_of(root.ns->href)), shown(metadata.uri));
    const bool is_of_xml = metadata.prefix == "xml" || metadata.prefix == "xmlns";  // bound for good
    if (is_of_xml || xmlValidateNCName(xml_text(metadata.prefix), 0) != 0)
        return fail(Reason::invalid_argument, "'{}' cannot be the prefix of a namespace",
                    shown(metadata.prefix));
    auto* const added = xmlNewNs(&root, xml_text(metadata.uri), xml_text(metadata.prefix));
    if (added == nullptr)
        return fail(Reason::invalid_argument, "the metadata's element has a prefix '{}' of its own",
                    shown(metadata.prefix));
    for_each_element(root, [added](xmlNode& node) {
        if (node.ns == nullptr) xmlSetNs(&node, added);
    });
    return {};
}

Result<> add_element(xmlNode& to, const Metadata& metadata) {
    auto added = load_document(*metadata.text);
    if (!added) return std::unexpected(added.error());
    auto& root = *xmlDocGetRootElement(added->get());
    if (auto put = put_into_namespace(root, metadata); !put) return put;
    xmlAddChild(&to, xmlDocCopyNode(&root, to.doc, 1));
    return {};
}

Result<> set_element(Definition& definition, const Metadata& metadata) {
    if (metadata.uri.empty())
        return fail(Reason::invalid_argument, "an element of metadata needs a namespace");
    // libxml2 would take what is before it for the whole.
    if (metadata.uri.contains('\0') || metadata.prefix.contains('\0'))
        return fail(Reason::invalid_argument, "a namespace and its prefix hold no zero byte");
    if (metadata.uri == settings_namespace)
        return fail(Reason::unsupported_operation,
                    "the settings in '{}' are a part of the definition: they are changed by defining it anew",
                    metadata.uri);
    const auto document =
        load_document(definition.metadata.empty() ? "<metadata/>" : std::string_view(definition.metadata));
    if (!document) return std::unexpected(document.error());
    auto& root = *xmlDocGetRootElement(document->get());
    if (auto* const former = find_element(root, metadata.uri)) remove_node(*former);
    if (metadata.text)
        if (auto added = add_element(root, metadata); !added) return added;
    auto text = xmlFirstElementChild(&root) == nullptr ? std::string() : text_of(**document);
    // What is stored must be read again, which is bounded.
    if (const auto again = text.empty() ? Result<XmlDocument>() : load_document(text); !again)
        return std::unexpected(again.error());
    definition.metadata = std::move(text);
    return {};
}

Result<> change(Definition& definition, const Metadata& metadata) {
    switch (metadata.kind) {
        case MetadataKind::description:
            definition.description = as_utf8(metadata.text.value_or(""));
            return {};
        case MetadataKind::title:
            if (metadata.text && metadata.text->contains('\n'))
                return fail(Reason::invalid_argument, "Domain title can't contain newlines");
            definition.title = as_utf8(metadata.text.value_or(""));
            return {};
        case MetadataKind::element: return set_element(definition, metadata);
    }
    return fail(Reason::invalid_argument, "there is no metadata of type {}", static_cast<int>(metadata.kind));
}

}  // namespace

Result<> set_metadata(Definition& definition, const Metadata& metadata) {
    auto changed = definition;
    if (auto done = change(changed, metadata); !done) return done;
    if (metadata.text && !check_length(changed))
        return fail(Reason::invalid_argument, "metadata of {} bytes are too much for the definition",
                    metadata.text->size());
    definition = std::move(changed);
    return {};
}

Result<std::string> metadata_element(const Definition& definition, std::string_view uri) {
    const auto all = metadata_xml(definition);
    if (all.empty()) return std::string();
    const auto document = load_document(all);
    if (!document) return std::unexpected(document.error());
    auto* const found = find_element(*xmlDocGetRootElement(document->get()), uri);
    if (found == nullptr) return std::string();
    const XmlDocument alone(xmlNewDoc(nullptr));
    auto* const copy = xmlDocCopyNode(found, alone.get(), 1);
    xmlDocSetRootElement(alone.get(), copy);
    for_each_element(*copy, [uri](xmlNode& node) { leave_namespace(node, uri); });
    for_each_element(*copy, [uri](xmlNode& node) { drop_declarations(node, uri); });
    return text_of(*alone);
}

}  // namespace virtlight::domain
