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

/// Waits for an answer, but no longer than `patience`; then the answer is the failure `late`. cancelled: the
/// token was cancelled before. Whoever was asked goes on, and the answer that comes later is dropped.
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
