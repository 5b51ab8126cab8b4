// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <vector>

#include "domain/definition.hpp"

namespace virtlight::hypervisor {

/// The files and folders of this host that a definition names and that are not there, each as a sentence:
/// "kernel '/k': No such file or directory". Blocks: not for the core thread.
std::vector<std::string> missing_files(const domain::Definition& definition);

}  // namespace virtlight::hypervisor
