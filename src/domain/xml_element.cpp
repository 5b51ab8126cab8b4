// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/xml_element.hpp"

#include <algorithm>
#include <memory>

#include "domain/text.hpp"
#include "domain/xml_document.hpp"

namespace virtlight::domain {
namespace {

std::string copy_and_free(xmlChar* text) {
    const std::unique_ptr<xmlChar, decltype(xmlFree)> owner(text, xmlFree);
    return std::string(view_of(text));
}

/// Removes from the copy of an element what is that of `child`, one of its own children, and the blanks
/// before.
void remove_copy(const xmlNode& original, xmlNode& copy, const xmlNode* child) {
    auto* theirs = copy.children;
    for (const auto* ours = original.children; ours != nullptr; ours = ours->next, theirs = theirs->next) {
        if (ours != child) continue;
        auto* const before = theirs->prev;
        remove_node(*theirs);
        if (before != nullptr && xmlIsBlankNode(before) != 0) remove_node(*before);
        return;
    }
}

std::string qualified_name(const xmlChar* name, const xmlNs* ns) {
    const auto prefix = ns == nullptr ? std::string_view{} : view_of(ns->prefix);
    return shown(prefix.empty() ? std::string(view_of(name)) : fmt::format("{}:{}", prefix, view_of(name)));
}

bool is_text(const xmlNode& node) {
    return node.type == XML_TEXT_NODE || node.type == XML_CDATA_SECTION_NODE;
}

/// The element children of a node that may be none.
template <class Use>
void for_each_child(const xmlNode* node, Use use) {
    for (auto* child = node == nullptr ? nullptr : node->children; child != nullptr; child = child->next) {
        if (child->type == XML_ELEMENT_NODE) use(*child);
    }
}

bool has_name(const std::vector<std::string_view>& names, std::string_view name) {
    return std::ranges::find(names, name) != names.end();
}

void add_name(std::vector<std::string_view>& names, std::string_view name) {
    if (!has_name(names, name)) names.push_back(name);
}

std::string allowed(const std::vector<std::string_view>& names) {
    return names.empty() ? "nothing" : fmt::format("{}", fmt::join(names, ", "));
}

/// Whether an element declares all namespaces that are used in it: as text, it stands alone as it is.
class OwnNamespaces {
 public:
    /// Documents are bounded in depth, so this is too.
    bool hold_all_of(const xmlNode& node) {
        const auto outside = declared_.size();
        for (const auto* ns = node.nsDef; ns != nullptr; ns = ns->next)
            declared_.push_back(ns);
        bool all = holds(node.ns);
        for (const auto* attribute = node.properties; all && attribute != nullptr;
             attribute = attribute->next)
            all = holds(attribute->ns);
        for (const auto* child = node.children; all && child != nullptr; child = child->next)
            all = child->type != XML_ELEMENT_NODE || hold_all_of(*child);
        declared_.resize(outside);
        return all;
    }

 private:
    bool holds(const xmlNs* ns) const {
        // That of xml:lang and its like is declared nowhere.
        return ns == nullptr || view_of(ns->prefix) == "xml" ||
               std::ranges::find(declared_, ns) != declared_.end();
    }

    std::vector<const xmlNs*> declared_;
};

std::string dumped(xmlDoc& document, xmlNode& node) {
    const std::unique_ptr<xmlBuffer, decltype(&xmlBufferFree)> buffer(xmlBufferCreate(), xmlBufferFree);
    // With UTF-8 as the document's encoding nothing is written as a number that can stand as it is.
    const auto* const before = std::exchange(document.encoding, reinterpret_cast<const xmlChar*>("UTF-8"));
    xmlNodeDump(buffer.get(), &document, &node, 0, 0);
    document.encoding = before;
    return std::string(view_of(xmlBufferContent(buffer.get())));
}

}  // namespace

XmlElement XmlReading::root() {
    return {*this, xmlDocGetRootElement(&document_)};
}

Result<> XmlReading::finish() {
    if (!problem_) check(*xmlDocGetRootElement(&document_));
    if (problem_) return std::unexpected(std::move(*problem_));
    return {};
}

XmlReading::Asked& XmlReading::asked(xmlNode& node) {
    if (node._private == nullptr) node._private = &asked_.emplace_back();
    return *static_cast<Asked*>(node._private);
}

void XmlReading::note(Reason reason, const xmlNode& node, std::string sentence) {
    if (problem_) return;
    const auto name = qualified_name(node.name, node.ns);
    const bool named = sentence.contains("<" + name) || sentence.contains(fmt::format("'{}'", name));
    problem_ = Error{reason, named ? fmt::format("line {}: {}", xmlGetLineNo(&node), sentence)
                                   : fmt::format("line {}: <{}>: {}", xmlGetLineNo(&node), name, sentence)};
}

bool XmlReading::may_hold(const Asked& known, const xmlNode& child) {
    if (child.ns == nullptr) return has_name(known.children, view_of(child.name));
    return std::ranges::find(known.others, QualifiedName{view_of(child.ns->href), view_of(child.name)}) !=
           known.others.end();
}

void XmlReading::check(xmlNode& node) {
    const auto& known = asked(node);
    if (known.everything) {
        for_each_child(&node, [&](xmlNode& child) {
            if (child._private != nullptr) check(child);
        });
        return;
    }
    check_attributes(node, known);
    for (auto* child = node.children; child != nullptr && !problem_; child = child->next) {
        if (child->type == XML_ELEMENT_NODE) {
            if (!may_hold(known, *child)) {
                note(Reason::unsupported_config, *child,
                     fmt::format("element <{}> is not supported in <{}>; allowed here: {}",
                                 qualified_name(child->name, child->ns), view_of(node.name),
                                 allowed(known.children)));
            } else {
                check(*child);
            }
        } else if (is_text(*child) && !known.text && !trimmed(view_of(child->content)).empty()) {
            note(Reason::invalid_xml, node,
                 fmt::format("element <{}> cannot hold the text '{}'", view_of(node.name),
                             shown(trimmed(view_of(child->content)))));
        }
    }
}

void XmlReading::check_attributes(const xmlNode& node, const Asked& known) {
    for (const auto* attribute = node.properties; attribute != nullptr; attribute = attribute->next) {
        if (attribute->ns == nullptr && has_name(known.attributes, view_of(attribute->name))) continue;
        note(Reason::unsupported_config, node,
             fmt::format("attribute '{}' of element <{}> is not supported; allowed here: {}",
                         qualified_name(attribute->name, attribute->ns), view_of(node.name),
                         allowed(known.attributes)));
    }
}

std::string_view XmlElement::name() const {
    return node_ == nullptr ? std::string_view{} : view_of(node_->name);
}

std::string_view XmlElement::namespace_uri() const {
    return node_ == nullptr || node_->ns == nullptr ? std::string_view{} : view_of(node_->ns->href);
}

long XmlElement::line() const {
    return node_ == nullptr ? 0 : xmlGetLineNo(node_);
}

XmlElement XmlElement::parent() const {
    auto* const parent = node_ == nullptr ? nullptr : node_->parent;
    return {*reading_, parent == nullptr || parent->type != XML_ELEMENT_NODE ? nullptr : parent};
}

XmlElement XmlElement::child(std::string_view name) const {
    const auto found = children(name);
    if (found.empty()) return {*reading_, nullptr};
    if (found.size() > 1) {
        found[1].invalid("element <{}> may appear only once in <{}>; it is in line {} already", name,
                         this->name(), xmlGetLineNo(found[0].node_));
    }
    return found.front();
}

std::vector<XmlElement> XmlElement::children(std::string_view name) const {
    std::vector<XmlElement> found;
    if (node_ == nullptr) return found;
    add_name(reading_->asked(*node_).children, name);
    for_each_child(node_, [&](xmlNode& child) {
        if (child.ns == nullptr && view_of(child.name) == name) found.emplace_back(*reading_, &child);
    });
    return found;
}

std::vector<XmlElement> XmlElement::children_in(std::string_view uri, std::string_view name) const {
    std::vector<XmlElement> found;
    if (node_ == nullptr) return found;
    reading_->asked(*node_).others.push_back({uri, name});
    for_each_child(node_, [&](xmlNode& child) {
        if (child.ns != nullptr && view_of(child.ns->href) == uri && view_of(child.name) == name)
            found.emplace_back(*reading_, &child);
    });
    return found;
}

std::vector<XmlElement> XmlElement::children() const {
    std::vector<XmlElement> found;
    for_each_child(node_, [&](xmlNode& child) { found.emplace_back(*reading_, &child); });
    return found;
}

std::optional<std::string> XmlElement::attribute(std::string_view name) const {
    if (node_ == nullptr) return std::nullopt;
    add_name(reading_->asked(*node_).attributes, name);
    for (auto* attribute = node_->properties; attribute != nullptr; attribute = attribute->next) {
        if (attribute->ns == nullptr && view_of(attribute->name) == name) {
            return copy_and_free(xmlNodeListGetString(node_->doc, attribute->children, 1));
        }
    }
    return std::nullopt;
}

std::string XmlElement::text() const {
    std::string text;
    if (node_ == nullptr) return text;
    reading_->asked(*node_).text = true;
    for (const auto* child = node_->children; child != nullptr; child = child->next) {
        if (is_text(*child)) text += view_of(child->content);
    }
    return text;
}

std::string XmlElement::outer_xml(const Element& without) const {
    if (node_ == nullptr) return {};
    reading_->asked(*node_).everything = true;
    if (!without && OwnNamespaces().hold_all_of(*node_)) return dumped(*node_->doc, *node_);
    // A document of its own: copying declares the namespaces that come from outside.
    const XmlDocument alone(xmlNewDoc(nullptr));
    auto* copy = xmlDocCopyNode(node_, alone.get(), 1);
    remove_copy(*node_, *copy, without.node_);
    xmlDocSetRootElement(alone.get(), copy);
    return dumped(*alone, *copy);
}

}  // namespace virtlight::domain
