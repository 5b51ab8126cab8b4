// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/schema.hpp"

#include <memory>

#include <libxml/relaxng.h>

#include "domain/xml_document.hpp"

namespace virtlight::domain {
namespace {

constexpr const char* path = "/usr/share/libvirt/schemas/domain.rng";

using Schema = std::unique_ptr<xmlRelaxNG, decltype(&xmlRelaxNGFree)>;

Schema load_schema() {
    const std::unique_ptr<xmlRelaxNGParserCtxt, decltype(&xmlRelaxNGFreeParserCtxt)> parser(
        xmlRelaxNGNewParserCtxt(path), xmlRelaxNGFreeParserCtxt);
    return {xmlRelaxNGParse(parser.get()), xmlRelaxNGFree};
}

const Schema& schema() {
    static const Schema loaded = load_schema();
    return loaded;
}

}  // namespace

bool has_schema() {
    return schema() != nullptr;
}

std::string schema_complaint(std::string_view xml) {
    const auto document = load_document(xml);
    if (!document) return document.error().message;
    const std::unique_ptr<xmlRelaxNGValidCtxt, decltype(&xmlRelaxNGFreeValidCtxt)> validator(
        xmlRelaxNGNewValidCtxt(schema().get()), xmlRelaxNGFreeValidCtxt);
    std::string complaint;
    xmlRelaxNGSetValidStructuredErrors(
        validator.get(), [](void* out, auto* error) { *static_cast<std::string*>(out) += error->message; },
        &complaint);
    if (xmlRelaxNGValidateDoc(validator.get(), document->get()) == 0) return {};
    return complaint.empty() ? "invalid" : complaint;
}

}  // namespace virtlight::domain
