// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string_view>

#include "base/result.hpp"

namespace virtlight::domain {

/// Whether it can be a label of XSM's: "USER:ROLE:TYPE", up to limits::label_bytes bytes without blanks. What
/// the host's policy knows is seen when a guest is to have it. invalid_argument.
Result<> check_label(std::string_view label);

}  // namespace virtlight::domain
