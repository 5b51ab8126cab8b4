// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/label.hpp"

#include <algorithm>

#include "base/limits.hpp"
#include "domain/text.hpp"

namespace virtlight::domain {

Result<> check_label(std::string_view label) {
    const auto is_printable = [](unsigned char c) { return c > ' ' && c < 0x7f; };
    if (!label.empty() && label.size() <= limits::label_bytes && std::ranges::all_of(label, is_printable))
        return {};
    return fail(Reason::invalid_argument,
                "a label must be up to {} letters without blanks, as system_u:system_r:domU_t, not '{}'",
                limits::label_bytes, shown(label));
}

}  // namespace virtlight::domain
