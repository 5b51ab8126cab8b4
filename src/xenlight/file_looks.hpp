// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>

#include "async/blocking.hpp"
#include "async/cancel.hpp"
#include "async/completion.hpp"
#include "async/scheduler.hpp"
#include "async/task.hpp"
#include "async/timing.hpp"
#include "base/limits.hpp"
#include "base/result.hpp"
#include "xenlight/core_link.hpp"

namespace virtlight::xenlight {

/// Short looks at files and at what the kernel tells of devices, on threads of their own. Storage that does
/// not answer, as that of a server which is gone, holds such a thread for as long as it likes: who asked
/// waits no longer than limits::file_look, and others look on another one of limits::file_look_threads. Lives
/// on the core thread.
class FileLooks {
 public:
    FileLooks(async::Scheduler& core, std::shared_ptr<CoreLink> link)
        : core_(core), link_(std::move(link)), threads_(limits::file_look_threads) {}

    /// Runs `function`, which answers a Result and must own what it uses. timed_out: it has not ended in
    /// time, and goes on; too_many: limits::file_looks of them have not ended.
    template <class Function>
    auto look(Function function) -> async::Task<std::invoke_result_t<Function&>> {
        using Answer = std::invoke_result_t<Function&>;
        if (*open_ >= limits::file_looks)
            co_return fail(Reason::too_many, "{} looks at files have not ended", *open_);
        ++*open_;
        const async::Completion<Answer> done;
        threads_.submit([link = link_, open = open_, done, function = std::move(function)]() mutable {
            auto answer = function();
            link->post(
                [open = std::move(open), done = std::move(done), answer = std::move(answer)]() mutable {
                    --*open;
                    done.set(std::move(answer));
                });
        });
        async::CancelSource late;
        const async::Deadline deadline(core_, core_.now() + limits::file_look, late);
        const auto given_up = late.token().on_cancel([done] {
            done.set(fail(Reason::timed_out, "its storage has not answered within {} s",
                          std::chrono::duration_cast<seconds>(limits::file_look).count()));
        });
        co_return co_await done;
    }

 private:
    async::Scheduler& core_;
    std::shared_ptr<CoreLink> link_;
    /// Those that were begun and have not ended; the core's.
    std::shared_ptr<std::size_t> open_ = std::make_shared<std::size_t>(0);
    async::BlockingThreads threads_;
};

}  // namespace virtlight::xenlight
