// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>

#include "base/result.hpp"
#include "hypervisor/domain_seen.hpp"
#include "hypervisor/picture.hpp"

namespace virtlight::xenlight {

/// Has the device model of a guest draw its screen. As hypervisor::Hypervisor::screenshot(). `folder` is
/// where the sockets are. Blocks, for limits::qmp_answer at most.
Result<hypervisor::Picture> take_picture(hypervisor::DomId domid,
                                         const std::filesystem::path& folder = "/var/run/xen");

}  // namespace virtlight::xenlight
