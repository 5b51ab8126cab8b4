// SPDX-License-Identifier: LGPL-2.1-or-later
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "domain/xl_cfg.hpp"
#include "domain/xl_cfg_syntax.hpp"

namespace {

using namespace virtlight::domain;

void check_settings(std::string_view text) {
    const auto settings = parse_xl_settings(text);
    if (!settings) return;
    const auto again = parse_xl_settings(format_xl_settings(*settings));
    if (!again || again->size() != settings->size()) std::abort();
    for (std::size_t i = 0; i < settings->size(); ++i)
        if ((*again)[i].key != (*settings)[i].key || (*again)[i].value != (*settings)[i].value) std::abort();
}

void check_definition(std::string_view text) {
    auto definition = parse_xl_cfg(text);
    if (!definition) return;
    for (auto& disk : definition->disks)
        disk.shareable = false;  // only files of xend's say so: xl has no word for it
    const auto again = parse_xl_cfg(format_xl_cfg(*definition));
    if (!again || *again != *definition) std::abort();
}

}  // namespace

/// Any bytes as a configuration file of xl's: refused, or read into what is written and read back the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    check_settings(text);
    check_definition(text);
    return 0;
}
