// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <functional>
#include <optional>

#include "async/task.hpp"
#include "manager/core.hpp"

namespace virtlight::manager {

/// What is meant, now that it is the job's turn: never neither. no_domain; invalid_state: there is no guest,
/// or no definition, of what was asked for.
Result<Affects> settle(const Domain& domain, Affects asked);

/// Makes `wanted` what is stored of the domain, and does to its guest what is to be done to that: both or
/// neither, and either may be nothing. Should the store not take its half back, that has happened, and the
/// error says so.
async::Task<Result<>> change_both(Core& core, DomainRef domain, std::optional<domain::Definition> wanted,
                                  std::function<async::Task<Result<>>()> change_guest);

}  // namespace virtlight::manager
