// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.hpp"

namespace virtlight::libvirt {

/// The keys that a client names by their codes in one of libvirt's sets (virKeycodeSet), as
/// hypervisor::KeyPress has them. unsupported_argument: a set that is not served; invalid_argument: a code
/// that is no key's in this set.
Result<std::vector<std::uint8_t>> keys_of(std::uint32_t codeset, const std::vector<std::uint32_t>& codes);

}  // namespace virtlight::libvirt
