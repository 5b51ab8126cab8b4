// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "domain/definition.hpp"

namespace virtlight::domain {

struct XlCfg {
    Definition definition;
    std::vector<std::string>
        remarks{};  ///< what holds that the file does not say, and not with xl: "line 4: ..."
};

/// Reads a configuration file of xl's, xl.cfg(5). Defaults are filled in as xl does; the uuid is a new one
/// where none is given. docs/xl-cfg.md tells what each option becomes. invalid_argument: a mistake, with its
/// line; unsupported_config: an option that has no place in a definition, by name, or means something that
/// parse_xml() would refuse.
Result<XlCfg> read_xl_cfg(std::string_view text);
/// Without the remarks.
Result<Definition> parse_xl_cfg(std::string_view text);

/// Whether one of xl's would be the same guest. unsupported_config: it is on a network of libvirt's, of which
/// xl knows nothing, or the script or the backend domain of a device holds a comma.
Result<> check_xl_cfg(const Definition& definition);

/// Writes one; parse_xl_cfg() of it gives the same guest again. What xl has no option for is named in
/// comments.
std::string format_xl_cfg(const Definition& definition);

}  // namespace virtlight::domain
