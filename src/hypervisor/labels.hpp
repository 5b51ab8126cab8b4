// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "domain/definition.hpp"

/// XSM's labels, as every hypervisor has them.
namespace virtlight::hypervisor {

/// All that a guest is to have, its device model's among them.
std::vector<std::string> labels_of(const domain::Definition& definition);

/// Why a guest cannot have one on a host without FLASK. unsupported_config.
Result<> no_flask(const std::string& label);

}  // namespace virtlight::hypervisor
