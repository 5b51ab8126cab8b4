// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <optional>

#include "async/cancel.hpp"
#include "async/completion.hpp"
#include "async/scheduler.hpp"
#include "async/task.hpp"

namespace virtlight::async {

/// Ends when the time has come (true) or the token is cancelled (false), whichever is first.
inline Task<bool> sleep_until(Scheduler& scheduler, Time due, CancelToken token = {}) {
    const Completion<bool> done;
    const auto timer = scheduler.call_at(due, [done] { done.set(true); });
    const auto registration = token.on_cancel([done] { done.set(false); });
    const bool came = co_await done;
    if (!came) scheduler.cancel(timer);
    co_return came;
}

/// Ends when all that the loop has to do by now is done: breaks up what would take too long in one step.
inline Task<> give_way(Scheduler& scheduler) {
    const Completion<bool> done;
    scheduler.post([done] { done.set(true); });
    co_await done;
}

inline Task<bool> sleep_for(Scheduler& scheduler, Duration duration, CancelToken token = {}) {
    return sleep_until(scheduler, scheduler.now() + duration, std::move(token));
}

/// Cancels `source` at `due` unless this goes out of scope first; passed() tells whether it did.
class Deadline {
 public:
    Deadline(Scheduler& scheduler, Time due, CancelSource source)
        : scheduler_(scheduler), passed_(std::make_shared<bool>(false)) {
        timer_ = scheduler.call_at(due, [passed = passed_, source]() mutable {
            *passed = true;
            source.cancel();
        });
    }
    Deadline(const Deadline&) = delete;
    Deadline& operator=(const Deadline&) = delete;
    ~Deadline() { scheduler_.cancel(timer_); }

    bool passed() const { return *passed_; }

 private:
    Scheduler& scheduler_;
    std::shared_ptr<bool> passed_;
    TimerId timer_;
};

}  // namespace virtlight::async
