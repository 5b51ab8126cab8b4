// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <memory>

#include "async/cancel.hpp"
#include "async/task.hpp"
#include "base/result.hpp"
#include "domain/definition.hpp"
#include "xenlight/creation.hpp"
#include "xenlight/workers.hpp"

namespace virtlight::xenlight {

/// operation_failed: an earlier start of the domain was given up, and libxl has not ended it yet.
Result<> check_none_was_given_up(const Making& making, const domain::Definition& definition);

/// All that comes before libxl is let at it: refuses what can be known to fail, waits for memory, and writes
/// down what libxl is to make. Ends with a context on which the domain can be made. It is not kept while
/// memory is waited for; another tool may start a domain of this uuid in that time.
async::Task<Result<Workers::Loan>> make_ready(Making making, std::shared_ptr<Creation> creation,
                                              async::CancelToken cancel);

}  // namespace virtlight::xenlight
