// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <vector>

#include "domain/definition.hpp"

namespace virtlight::hypervisor {

/// The files and folders of this host that a definition names and that are not there, each as a sentence:
/// "kernel '/k': No such file or directory". Blocks: not for the core thread.
std::vector<std::string> missing_files(const domain::Definition& definition);

/// Whether a guest's firmware is an hvmloader that is not there. Xen brings one along, whose path has Xen's
/// version in it, and libvirt has written that into definitions: such a guest gets the one of this host.
/// Blocks: not for the core thread.
bool has_stale_hvmloader(const domain::Definition& definition);

}  // namespace virtlight::hypervisor
