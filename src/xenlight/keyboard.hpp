// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>

#include "base/result.hpp"
#include "hypervisor/domain_seen.hpp"
#include "hypervisor/keys.hpp"

namespace virtlight::xenlight {

/// Has the device model of a guest press keys. As hypervisor::Hypervisor::send_keys(). `folder` is where the
/// sockets are. Blocks, for limits::qmp_answer at most.
Result<> press_keys(hypervisor::DomId domid, const hypervisor::KeyPress& press,
                    const std::filesystem::path& folder = "/var/run/xen");

}  // namespace virtlight::xenlight
