// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "base/result.hpp"
#include "domain/definition.hpp"

namespace virtlight::domain {

/// Whether a guest that was saved with one definition can go on with another: what its memory knows of must
/// be the same (its identity, type, memory, vCPUs, features, clock and devices), while what is only for us or
/// for a later boot may change. unsupported_config: names what differs.
Result<> check_same_guest(const Definition& saved, const Definition& wanted);

}  // namespace virtlight::domain
