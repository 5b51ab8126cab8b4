// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>

#include "hypervisor/port.hpp"

namespace virtlight::xenlight {

/// Whether another tool copies the guest's memory just now: a helper of libxl's does, whose parent lives and
/// is not this process. One that a killed daemon has left comes to its end by itself, and is nobody's.
/// `processes` is what the kernel says of them. Looks at all of them; blocks.
bool is_saved_by_others(hypervisor::DomId domid, const std::filesystem::path& processes = "/proc");

}  // namespace virtlight::xenlight
