// SPDX-License-Identifier: LGPL-2.1-or-later
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "domain/xml.hpp"

/// Any bytes as domain XML: refused, or read into a definition that is written and read back the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace virtlight::domain;
    const auto definition = parse_xml({reinterpret_cast<const char*>(data), size});
    if (definition) {
        const auto again = parse_xml(format_xml(*definition));
        if (!again || *again != *definition) std::abort();
    }
    return 0;
}
