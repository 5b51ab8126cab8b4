// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/context_thread.hpp"

#include <utility>

#include <pthread.h>

#include "async/event_loop.hpp"
#include "base/log.hpp"
#include "hypervisor/patience.hpp"

namespace virtlight::xenlight {

struct ContextThread::Inside {
    Inside(std::string name_, Prepare prepare_, std::function<void()> broke_)
        : name(std::move(name_)), loop(name), prepare(std::move(prepare_)), broke(std::move(broke_)) {}

    void run() {
        ::pthread_setname_np(::pthread_self(), name.c_str());
        loop.run();
        context.reset();
    }

    Result<Context*> usable() {
        if (!context) {
            if (auto opened = open(); !opened) return std::unexpected(std::move(opened.error()));
        }
        if (context->broken()) return std::unexpected(*context->broken());
        return context.get();
    }

    Result<> open() {
        auto opened = Context::open(loop, name);
        if (!opened) return std::unexpected(std::move(opened.error()));
        // Dropped by a step of its own: the one that finds it broken is still in the middle of it.
        (*opened)->on_break_down([this] { loop.post([this] { drop(); }); });
        if (prepare) {
            if (auto prepared = prepare(**opened); !prepared) return prepared;
        }
        context = std::move(*opened);
        return {};
    }

    void drop() {
        const bool another_one = context && !context->broken();
        if (!another_one) context.reset();
        if (broke) broke();
    }

    std::string name;
    async::EventLoop loop;
    Prepare prepare;
    std::function<void()> broke;
    std::unique_ptr<Context> context;
};

ContextThread::ContextThread(std::string name, async::Scheduler& core, std::shared_ptr<CoreLink> link,
                             Prepare prepare, std::function<void()> broke)
    : name_(std::move(name)),
      core_(core),
      link_(std::move(link)),
      inside_(std::make_shared<Inside>(name_, std::move(prepare), std::move(broke))) {
    std::packaged_task<void()> life([inside = inside_] { inside->run(); });
    ended_ = life.get_future();
    thread_ = std::thread(std::move(life));
}

ContextThread::~ContextThread() {
    inside_->loop.stop();
    if (ended_.wait_for(limits::libxl_goodbye) == std::future_status::ready) {
        thread_.join();
    } else {
        log::warning("{}: left behind inside libxl", name_);
        thread_.detach();
    }
}

void ContextThread::post(Message message) const {
    inside_->loop.post(
        [inside = inside_.get(), message = std::move(message)]() mutable { message(inside->usable()); });
}

/// What came of it, in words. `rc_of_stop` is why it was cut short, if it was; `silent` how long no byte of
/// an image had moved then.
Result<> ContextThread::conclude(Result<Ended> ended, const std::string& what, int rc_of_stop,
                                 std::optional<Duration> silent) {
    if (!ended) return std::unexpected(in_context(what, std::move(ended.error())));
    if (ended->rc == 0) return {};
    if (ended->rc == ERROR_ABORTED) ended->rc = rc_of_stop;
    if (silent)
        return std::unexpected(Error{Reason::operation_failed,
                                     fmt::format("cannot {}: no byte of the image has moved for {} s", what,
                                                 std::chrono::duration_cast<seconds>(*silent).count()),
                                     std::move(ended->lines)});
    return std::unexpected(error_of(std::move(*ended), what));
}

/// Has libxl begin with it; `done` is told how it ended.
void ContextThread::begin(AoId id, Ao& ao, const async::Completion<Result<Ended>>& done) {
    auto tell = [link = link_, done, ended_late = std::move(ao.ended_late)](Result<Ended> ended) mutable {
        link->post(
            [done = std::move(done), ended_late = std::move(ended_late), ended = std::move(ended)]() mutable {
                if (done.is_set() && ended_late) ended_late(ended);
                done.set(std::move(ended));
            });
    };
    post([id, domid = ao.domid, start = std::move(ao.start),
          tell = std::move(tell)](Result<Context*> context) mutable {
        if (context)
            (*context)->operations().start(id, domid, std::move(start), std::move(tell));
        else
            tell(std::unexpected(std::move(context.error())));
    });
}

async::Task<Result<>> ContextThread::perform(Ao ao, async::CancelToken cancel) {
    if (cancel.cancelled()) co_return std::unexpected(error_of({.rc = ERROR_ABORTED}, ao.what));
    const auto id = ids_.next();
    const async::Completion<Result<Ended>> done;
    begin(id, ao, done);

    async::CancelSource overdue;      // it has taken too long: it is to be cut short
    async::CancelSource written_off;  // it was to be cut short, and has not ended: it is given up
    std::optional<async::Deadline> grace;
    const bool moves = ao.silence > Duration::zero();
    const Duration whole = moves ? ao.silence : ao.bound;
    const hypervisor::Patience bound(core_, {whole, ao.silence}, ao.progress, overdue);
    const auto rc_of_stop = [&] { return bound.passed() ? ERROR_TIMEDOUT : ERROR_ABORTED; };
    const auto begin_grace = [&] {
        if (!grace) grace.emplace(core_, core_.now() + limits::libxl_abort, written_off);
    };
    bool stopping = false;
    const auto stop = [&] {
        if (!ao.abortable) return done.set(Ended{.rc = rc_of_stop()});
        if (std::exchange(stopping, true)) return;
        post([id](Result<Context*> context) {
            if (context) (*context)->operations().abort(id);
        });
        begin_grace();
    };
    const auto unwanted = cancel.on_cancel(stop);
    const auto too_long = overdue.token().on_cancel([&] {
        if (!ao.cut_short) return stop();
        begin_grace();
        ao.cut_short();
    });
    const auto given_up = written_off.token().on_cancel([&] {
        if (ao.given_up) ao.given_up();
        done.set(std::unexpected(no_answer()));
    });

    auto ended = co_await done;
    const bool silent = moves && ao.abortable && bound.passed();
    const bool of_guest = ended && ended->rc == ERROR_GUEST_TIMEDOUT;
    auto result =
        conclude(std::move(ended), ao.what, rc_of_stop(), silent ? std::optional(whole) : std::nullopt);
    if (ao.waits_for_guest && !of_guest && !result && result.error().reason == Reason::timed_out)
        result.error().reason = Reason::operation_failed;
    co_return result;
}

Error ContextThread::no_answer() const {
    return {Reason::timed_out, fmt::format("libxl has not answered for too long ({})", name_)};
}

}  // namespace virtlight::xenlight
