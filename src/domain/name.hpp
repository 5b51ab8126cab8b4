// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace virtlight::domain {

/// Whether a name can be a domain's: 1 to limits::name_bytes bytes, valid UTF-8, without control characters
/// or '/', and neither "." nor "..". The error says what is wrong.
Result<> check_name(std::string_view name);

/// The name of the domain that serves a device, as the device keeps it: none for Domain-0, which Xen's tools
/// take by its number, too. By two names, one file could be two guests' disk and nobody would notice.
std::string other_domain(std::string_view name);

}  // namespace virtlight::domain
