// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace virtlight::xenlight {

/// How a call of libxl ended: its return value, 0 or an ERROR_* number, and what it wrote meanwhile.
struct Ended {
    int rc = 0;
    std::vector<std::string> lines{};
};

/// The failure as something to show: "cannot <what>: <why>", where `what` names the operation and the domain.
/// Where libxl's number says nothing, its first error does. All lines are the details.
Error error_of(Ended ended, std::string_view what);

/// What came to nothing because of `why`: "cannot <what>: <why>".
Error in_context(std::string_view what, Error why);

}  // namespace virtlight::xenlight
