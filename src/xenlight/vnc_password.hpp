// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <string>

#include "base/result.hpp"
#include "hypervisor/domain_seen.hpp"

namespace virtlight::xenlight {

/// Has the VNC server of a guest's device model ask for another password, which no error names.
/// operation_failed: it was started without one, or there is no such server; timed_out: it has not answered
/// within limits::qmp_answer, and may still do it. `folder` is where its socket is. Blocks.
Result<> change_vnc_password(hypervisor::DomId domid, const std::string& password,
                             const std::filesystem::path& folder = "/var/run/xen");

}  // namespace virtlight::xenlight
