// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <utility>

#include "async/cancel.hpp"
#include "async/completion.hpp"
#include "async/scheduler.hpp"
#include "async/task.hpp"
#include "async/timing.hpp"
#include "base/result.hpp"

namespace virtlight::async {

/// Waits for an answer, but no longer than `patience`: `late` is the answer then, and `cancelled` if the
/// token says so first. Whoever was asked goes on, and what he answers later is dropped.
template <class T>
Task<Result<T>> bounded(Scheduler& scheduler, Completion<Result<T>> answer, Duration patience, Error late,
                        CancelToken cancel = {}) {
    CancelSource passed;
    const Deadline deadline(scheduler, scheduler.now() + patience, passed);
    const auto too_late =
        passed.token().on_cancel([answer, &late] { answer.set(std::unexpected(std::move(late))); });
    const auto unwanted = cancel.on_cancel([answer] { answer.set(fail(Reason::cancelled, "cancelled")); });
    co_return co_await answer;
}

}  // namespace virtlight::async
