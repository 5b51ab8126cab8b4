// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "domain/definition.hpp"
#include "domain/metadata.hpp"
#include "domain/xml.hpp"

namespace {

using namespace virtlight;
using namespace virtlight::domain;

/// Takes the input apart at the ends of its lines; the last part is all the rest.
std::string take_line(std::string_view& input) {
    const auto line = input.substr(0, input.find('\n'));
    input.remove_prefix(std::min(line.size() + 1, input.size()));
    return std::string(line);
}

Definition guest_with(std::string_view metadata) {
    const auto xml =
        "<domain type='xen'><name>fuzzed</name><uuid>7ce92f0b-4a5b-4c8e-9d55-0f2b6a1c3d4e</uuid>" +
        std::string(metadata) +
        "<memory>65536</memory><os><type>linux</type><kernel>/k</kernel></os></domain>";
    return parse_xml(xml).value_or(Definition{.name = "fuzzed"});
}

/// What is in a definition can be read again, and is then the same.
void check_definition(const Definition& definition) {
    if (definition.uuid.is_nil()) return;  // the guest that stands for one that could not be read
    const auto again = parse_xml(format_xml(definition));
    if (!again || again->metadata != definition.metadata) std::abort();
}

void check_element(Definition definition, const Metadata& metadata) {
    const auto before = definition;
    if (!set_metadata(definition, metadata)) {
        if (definition != before) std::abort();
        return;
    }
    check_definition(definition);
    const auto text = metadata_element(definition, metadata.uri);
    if (!text || text->empty()) std::abort();
    // What a client has read it can write back, and reads the same again.
    auto written = metadata;
    written.text = *text;
    written.prefix = "p";
    if (!set_metadata(definition, written)) return;  // a prefix of its own that is this one
    const auto again = metadata_element(definition, metadata.uri);
    if (!again || *again != *text) std::abort();
    written.text.reset();
    if (!set_metadata(definition, written) || !metadata_element(definition, metadata.uri)->empty())
        std::abort();
    check_definition(definition);
}

}  // namespace

/// Lines of what a client says of metadata: the prefix, the namespace and the <metadata> that is there; and
/// behind them the element, a title and a description. Each is refused and changes nothing, or is read again
/// as it was written.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view input(reinterpret_cast<const char*>(data), size);
    Metadata metadata{.kind = MetadataKind::element};
    metadata.prefix = take_line(input);
    metadata.uri = take_line(input);
    const auto definition = guest_with(take_line(input));
    metadata.text = std::string(input);
    check_element(definition, metadata);
    for (const auto kind : {MetadataKind::title, MetadataKind::description}) {
        auto changed = definition;
        if (set_metadata(changed, {.kind = kind, .text = std::string(input)})) check_definition(changed);
    }
    return 0;
}
