// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <memory>

#include "async/task.hpp"
#include "base/result.hpp"
#include "xenlight/creation.hpp"
#include "xenlight/workers.hpp"

namespace virtlight::xenlight {

/// After one that has failed or was cancelled: removes what was made, as libxl keeps what an aborted one has
/// made so far, and adds to the error what there is to say. Not to be cut short.
async::Task<Error> undo_creation(Workers::Loan worker, std::shared_ptr<Creation> creation, Error why);

/// The same for one that libxl has ended after it was given up: the log has what came of it.
async::Task<> clear_away(Workers::Loan worker, std::shared_ptr<Creation> creation);

}  // namespace virtlight::xenlight
