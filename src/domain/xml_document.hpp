// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <memory>
#include <string_view>

#include <libxml/tree.h>

#include "base/result.hpp"

namespace virtlight::domain {

struct XmlDocumentDeleter {
    void operator()(xmlDoc* document) const { xmlFreeDoc(document); }
};
using XmlDocument = std::unique_ptr<xmlDoc, XmlDocumentDeleter>;

/// Reads well-formed XML, which is UTF-8 whatever it declares. A document type, with it all entities, and
/// what exceeds one of limits::xml_* is refused before libxml2 looks at it, so that hostile input costs no
/// more than its length. Every failure is invalid_xml, names the line, and has what libxml2 said further as
/// details. Nothing is written anywhere else; any thread may call.
Result<XmlDocument> load_document(std::string_view xml);

/// Empty where there is none.
inline std::string_view view_of(const xmlChar* text) {
    return text == nullptr ? std::string_view{} : std::string_view(reinterpret_cast<const char*>(text));
}

/// Takes it out of its document, and frees it.
inline void remove_node(xmlNode& node) {
    xmlUnlinkNode(&node);
    xmlFreeNode(&node);
}

struct Definition;

/// As parse_xml(), of one that was loaded.
Result<Definition> parse_document(xmlDoc& document);

}  // namespace virtlight::domain
