// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string_view>

#include "base/result.hpp"

namespace virtlight::cli {

/// Writes the text to standard output, all of it. io: nobody reads there any more.
Result<> print(std::string_view text);

}  // namespace virtlight::cli
