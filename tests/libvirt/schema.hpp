// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <memory>
#include <string>

#include <libxml/relaxng.h>

#include "domain/xml_document.hpp"

namespace virtlight::libvirt {

/// What one of libvirt's schemas says against a document; empty: nothing.
inline std::string complaint(const std::string& schema_name, const std::string& xml) {
    const auto path = "/usr/share/libvirt/schemas/" + schema_name;
    const std::unique_ptr<xmlRelaxNGParserCtxt, decltype(&xmlRelaxNGFreeParserCtxt)> parser(
        xmlRelaxNGNewParserCtxt(path.c_str()), xmlRelaxNGFreeParserCtxt);
    const std::unique_ptr<xmlRelaxNG, decltype(&xmlRelaxNGFree)> schema(xmlRelaxNGParse(parser.get()),
                                                                        xmlRelaxNGFree);
    if (!schema) return path + " cannot be read";
    const auto document = domain::load_document(xml);
    if (!document) return document.error().message;
    const std::unique_ptr<xmlRelaxNGValidCtxt, decltype(&xmlRelaxNGFreeValidCtxt)> validator(
        xmlRelaxNGNewValidCtxt(schema.get()), xmlRelaxNGFreeValidCtxt);
    std::string all;
    xmlRelaxNGSetValidStructuredErrors(
        validator.get(), [](void* out, auto* error) { *static_cast<std::string*>(out) += error->message; },
        &all);
    if (xmlRelaxNGValidateDoc(validator.get(), document->get()) == 0) return {};
    return all.empty() ? "invalid" : all;
}

}  // namespace virtlight::libvirt
