// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <libxml/tree.h>

#include "base/result.hpp"

namespace virtlight::domain {

/// Reading one document so that nothing in it is overlooked. Readers ask elements for the children,
/// attributes and text that they know; what nobody asked for is refused at the end, and the sentence lists
/// what was asked for there: it is what is supported. Readers do not stop at a problem: they note it and go
/// on with a default, and the first one is what finish() gives.
class XmlReading {
 public:
    class Element;

    /// The document must outlive the reading. Its nodes' _private is used.
    explicit XmlReading(xmlDoc& document) : document_(document) {}
    XmlReading(const XmlReading&) = delete;
    XmlReading& operator=(const XmlReading&) = delete;

    Element root();
    /// The first problem noted, else the first thing that was not asked for.
    Result<> finish();

 private:
    struct QualifiedName {
        std::string_view uri;
        std::string_view name;

        bool operator==(const QualifiedName&) const = default;
    };

    /// What readers asked an element for.
    struct Asked {
        std::vector<std::string_view> attributes{};
        std::vector<std::string_view> children{};
        std::vector<QualifiedName> others{};  ///< children in a namespace
        bool text = false;
        bool everything = false;
    };

    Asked& asked(xmlNode& node);
    void note(Reason reason, const xmlNode& node, std::string sentence);
    static bool may_hold(const Asked& known, const xmlNode& child);
    void check(xmlNode& node);
    void check_attributes(const xmlNode& node, const Asked& known);

    xmlDoc& document_;
    std::deque<Asked> asked_;
    std::optional<Error> problem_;
};

/// An element of the document, or none where an optional one is missing: then it has no children, no
/// attributes and an empty text, and no problem may be noted at it. Valid as long as the reading. The names
/// asked for are kept: they must live as long, as literals do.
class XmlReading::Element {
 public:
    Element(XmlReading& reading, xmlNode* node) : reading_(&reading), node_(node) {}

    explicit operator bool() const { return node_ != nullptr; }
    std::string_view name() const;
    /// Empty: it is in none.
    std::string_view namespace_uri() const;
    /// Where it stands in the document; 0 of none.
    long line() const;
    /// None of the root.
    Element parent() const;

    /// The child of this name. More than one is a problem.
    Element child(std::string_view name) const;
    std::vector<Element> children(std::string_view name) const;
    /// The children of this name in a namespace.
    std::vector<Element> children_in(std::string_view uri, std::string_view name) const;
    /// All children, of any name and namespace.
    std::vector<Element> children() const;
    std::optional<std::string> attribute(std::string_view name) const;
    /// The element's own text as it stands, blanks included.
    std::string text() const;
    /// The element as XML text that stands alone: the namespaces it uses are declared in it, and reading it
    /// and asking again gives the same text. Takes all that is inside; a child that was asked something is
    /// still looked through.
    /// `without` is a child that is left out, with the blanks before it; it may be none.
    std::string outer_xml(const Element& without) const;
    std::string outer_xml() const { return outer_xml({*reading_, nullptr}); }

    // These put the line before the sentence, and the element unless the sentence names it.

    template <class... Args>
    void invalid(fmt::format_string<Args...> text, Args&&... args) const {
        reading_->note(Reason::invalid_xml, *node_, fmt::format(text, std::forward<Args>(args)...));
    }
    template <class... Args>
    void unsupported(fmt::format_string<Args...> text, Args&&... args) const {
        reading_->note(Reason::unsupported_config, *node_, fmt::format(text, std::forward<Args>(args)...));
    }

 private:
    XmlReading* reading_;
    xmlNode* node_;
};

using XmlElement = XmlReading::Element;

}  // namespace virtlight::domain
