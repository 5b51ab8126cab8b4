// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace virtlight::xenlight {

/// The last lines that a guest's device model has written in its log since `began`: why it has ended, of
/// which libxl knows nothing. None where it has not been started since. libxl gives each a log of its own, by
/// the guest's name. Blocks.
std::vector<std::string> device_model_lines(const std::string& guest, std::filesystem::file_time_type began,
                                            const std::filesystem::path& logs = "/var/log/xen");

}  // namespace virtlight::xenlight
