// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <type_traits>

#include "async/cancel.hpp"
#include "async/completion.hpp"
#include "async/scheduler.hpp"
#include "async/task.hpp"
#include "async/timing.hpp"
#include "base/limits.hpp"
#include "hypervisor/port.hpp"
#include "xenlight/context.hpp"
#include "xenlight/core_link.hpp"

namespace virtlight::xenlight {

/// A thread with a loop and one libxl context, which no other thread enters. What is to be done there goes as
/// a message and comes back as one; coroutines live on the core alone.
///
/// Members are called on the core thread. No task of this may be alive when it is destroyed.
class ContextThread {
 public:
    /// Readies a context that has just been opened; on the thread.
    using Prepare = std::function<Result<>(Context&)>;

    /// The context is opened when something is first asked of it. One that breaks down is dropped (`broke` is
    /// called then, on the thread), and the next thing asked opens another.
    ContextThread(std::string name, async::Scheduler& core, std::shared_ptr<CoreLink> link,
                  Prepare prepare = {}, std::function<void()> broke = {});
    ContextThread(const ContextThread&) = delete;
    ContextThread& operator=(const ContextThread&) = delete;
    /// Waits until libxl lets go of the thread, but not for longer than limits::libxl_goodbye.
    ~ContextThread();

    const std::string& name() const { return name_; }

    /// A message to the thread: the context, or why there is none of use.
    using Message = std::move_only_function<void(Result<Context*>)>;
    /// Any thread.
    void post(Message message) const;

    /// Runs `function(Context&)`, which answers a Result and must own what it uses. timed_out if there is no
    /// answer within limits::libxl_answer.
    template <class Function>
    auto call(Function function) -> async::Task<std::invoke_result_t<Function&, Context&>> {
        using Answer = std::invoke_result_t<Function&, Context&>;
        const async::Completion<Answer> done;
        post([link = link_, done, function = std::move(function)](Result<Context*> context) mutable {
            Answer answer = context ? function(**context) : std::unexpected(std::move(context.error()));
            link->post([done = std::move(done), answer = std::move(answer)]() mutable {
                done.set(std::move(answer));
            });
        });
        async::CancelSource late;
        const async::Deadline deadline(core_, core_.now() + limits::libxl_answer, late);
        const auto given_up =
            late.token().on_cancel([this, done] { done.set(std::unexpected(no_answer())); });
        co_return co_await done;
    }

    /// An asynchronous operation of libxl's. The functions but `start` are called on the core.
    struct Ao {
        std::string what;                          ///< for errors: "pause domain 3"
        std::optional<hypervisor::DomId> domid{};  ///< whose lines in libxl's log belong to it; none: all
        Operations::Start start;
        bool abortable = true;  ///< false: cancelling only ends the waiting, libxl goes on
        /// Called when nobody waits any more for libxl to end it.
        std::move_only_function<void()> given_up{};
        /// Called if libxl then ends it all the same, with how.
        std::move_only_function<void(const Result<Ended>&)> ended_late{};
        /// How far an image has come, if it moves one.
        std::shared_ptr<const hypervisor::Progress> progress{};
        /// How long an image may come no further; zero: it moves none.
        Duration silence{};
        /// How long it may take if it moves none.
        Duration bound = limits::libxl_operation;
        /// Whether it waits for an answer of the guest. Then timed_out means that the guest has not answered,
        /// and may be asked again; when libxl, or who serves the guest, does not, that is operation_failed.
        bool waits_for_guest = false;
        /// How it is cut short when it has taken too long, where libxl must not be asked at any moment.
        /// Empty: libxl is asked.
        std::move_only_function<void()> cut_short{};
    };

    /// Performs it. When it is cancelled, or takes longer than it may (with an image: when it is
    /// silent for too long), libxl is asked to cut it short (then it ends as cancelled, timed_out, or
    /// done after all); if libxl does not within limits::libxl_abort, it is given up as timed_out while libxl
    /// still works on it. An image that was cut short for its silence is operation_failed: it was no guest
    /// that did not answer.
    async::Task<Result<>> perform(Ao ao, async::CancelToken cancel);

 private:
    struct Inside;

    void begin(AoId id, Ao& ao, const async::Completion<Result<Ended>>& done);
    static Result<> conclude(Result<Ended> ended, const std::string& what, int rc_of_stop,
                             std::optional<Duration> silent);
    Error no_answer() const;

    std::string name_;
    async::Scheduler& core_;
    std::shared_ptr<CoreLink> link_;
    std::shared_ptr<Inside> inside_;  ///< the thread holds it too
    IdSource<struct AoTag> ids_;
    std::future<void> ended_;
    std::thread thread_;
};

}  // namespace virtlight::xenlight
