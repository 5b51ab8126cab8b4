// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "manager/domain.hpp"

namespace virtlight::manager {

/// What is meant, now that it is the job's turn: never neither. no_domain; invalid_state: there is no guest,
/// or no definition, of what was asked for.
Result<Affects> settle(const Domain& domain, Affects asked);

}  // namespace virtlight::manager
