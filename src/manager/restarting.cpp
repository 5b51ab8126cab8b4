// SPDX-License-Identifier: LGPL-2.1-or-later
#include <optional>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "async/timing.hpp"
#include "base/limits.hpp"
#include "base/log.hpp"
#include "manager/devices.hpp"
#include "manager/operations.hpp"

/// What follows when a guest has ended: its domain is off, or starts anew, at once or after a pause.
namespace virtlight::manager {

using async::Task;
using hypervisor::Operation;
using hypervisor::Stage;

namespace {

/// Where the consoles of `ours` are, and its screen.
void take_places(const domain::Definition& seen, domain::Definition& ours) {
    for (auto& console : ours.consoles)
        for (const auto& now : seen.consoles)
            if (now.target == console.target && now.port == console.port) console.tty = now.tty;
    if (auto& vnc = ours.graphics.vnc; vnc && seen.graphics.vnc) vnc->port = seen.graphics.vnc->port;
}

/// A guest that ends soon after its start again and again is held back for longer each time.
void count_life(const Core& core, Domain& domain) {
    const auto lived = core.scheduler.now() - domain.life->since;
    domain.short_lives = lived < limits::quick_life ? domain.short_lives + 1 : 0;
}

/// A part of an operation: it is cancelled with that, or when its own time is over.
class BoundedPart {
 public:
    BoundedPart(const Core& core, Operation whole, Time due)
        : operation_(std::move(whole)),
          unwanted_(operation_.cancel.on_cancel([enough = enough_]() mutable { enough.cancel(); })),
          in_time_(core.scheduler, due, enough_) {
        operation_.cancel = enough_.token();
    }
    BoundedPart(const BoundedPart&) = delete;
    BoundedPart& operator=(const BoundedPart&) = delete;

    const Operation& operation() const { return operation_; }
    bool is_out_of_time() const { return in_time_.passed(); }

 private:
    async::CancelSource enough_;
    Operation operation_;
    async::CancelToken::Registration unwanted_;
    async::Deadline in_time_;
};

/// What was to start anew and has not. If it was cut short, and neither by a destroy nor by the daemon's end,
/// its time was over: whoever is told that is to know that nobody else starts it.
Result<> as_it_is_left(const Core& core, const Domain& domain, const Operation& operation, Result<> result) {
    const bool cut_short = !result && result.error().reason == Reason::cancelled &&
                           operation.cancel.cancelled() && is_to_be_finished(domain);
    if (!cut_short || core.stopping || domain.queue.has(JobKind::destroy)) return result;
    return fail(Reason::timed_out, "its time is over: its guest is destroyed, and no other has been started");
}

}  // namespace

Task<Result<>> Guests::after_stop(DomainRef domain, hypervisor::LifeId life, Ending ending,
                                  Operation operation) {
    if (!domain->life || domain->life->id != life) co_return Result<>{};
    const auto& ran = domain->life->definition;
    const auto again = keeping_bridges(domain->stored.value_or(at_rest(ran)), ran);
    const Changing changing(core_, domain);
    if (ending.soft_reset && !domain->life->reset_tried) {
        count_life(core_, *domain);
        const bool waited = co_await hold_back(domain, "has reset itself", operation);
        // Somebody else may have seen to it.
        if (!domain->life || domain->life->id != life || !domain->life->stopped) co_return Result<>{};
        if (!waited) {
            domain->life->unfinished = true;
            co_return fail(Reason::cancelled, "cancelled");
        }
        auto goes_on = co_await reset_softly(domain, operation);
        if (goes_on || !domain->life || domain->life->id != life) co_return Result<>{};
        domain->life->reset_tried = true;
        if (operation.cancel.cancelled()) {
            domain->life->unfinished = true;
            co_return goes_on;
        }
        log::error("domain '{}': {}; it is started anew", domain->name, goes_on.error().message);
    }
    // Both once: where they are not done in time, all begins anew, and would end like that again.
    if (ending.dump && !std::exchange(domain->life->core_tried, true)) co_await keep_core(domain, operation);
    if (!domain->life || domain->life->id != life) co_return Result<>{};
    if (ending.restart) co_return co_await start_after(domain, again, ending, operation);
    if (auto removed = co_await remove_stopped(domain, operation); !removed) co_return removed;
    core_.end_life(domain, ending.reason, ending.told);
    co_return co_await forget(domain);
}

/// Until the store takes that, nothing of it is removed: what refuses the note would refuse that of its
/// start, and a guest that is not defined would be gone for good. False: it is not to be started, or not now.
Task<bool> Guests::note_that_it_starts_anew(DomainRef domain, Operation operation) {
    const auto life = domain->life->id;
    const auto waits = [&] { return domain->life && domain->life->id == life && domain->life->stopped; };
    for (unsigned tries = 1;; ++tries) {
        const auto noted = co_await note_life(core_, domain, Held::ending);
        if (!waits()) co_return false;
        if (noted) co_return true;
        log::error("domain '{}' has stopped, and that it is to start anew cannot be noted: {}", domain->name,
                   noted.error().message);
        const Resting resting(core_, domain);
        const bool waited =
            co_await async::sleep_for(core_.scheduler, restart_pause(tries), operation.cancel);
        if (!waits()) co_return false;
        if (waited) continue;
        domain->life->unfinished = true;  // the next look begins anew
        co_return false;
    }
}

/// A daemon that is killed on the way leaves the rest to the next one. What comes before the start leaves it
/// all of its time: once the guest is gone, nobody begins anew.
Task<Result<>> Guests::start_after(DomainRef domain, domain::Definition again, Ending ending,
                                   Operation operation) {
    const BoundedPart before(core_, operation, *domain->job->due - limits::start_deadline);
    // One whose soft reset has failed is counted, and was held back before that.
    const auto lives_before = domain->short_lives;
    if (!ending.soft_reset) count_life(core_, *domain);
    const Restarting restarting(domain);
    if (!co_await note_that_it_starts_anew(domain, before.operation())) {
        domain->short_lives = lives_before;  // it is judged anew
        if (operation.cancel.cancelled()) co_return fail(Reason::cancelled, "cancelled");
        co_return Result<>{};
    }
    if (auto removed = co_await remove_stopped(domain, before.operation()); !removed) {
        domain->short_lives = lives_before;
        const bool given_up = removed.error().reason == Reason::cancelled;
        if (given_up && before.is_out_of_time() && !operation.cancel.cancelled())
            co_return fail(Reason::timed_out,
                           "what is left of its guest has not gone yet: it is tried again");
        co_return removed;
    }
    std::optional<Making> making(std::in_place, core_, domain, std::move(again));
    core_.end_life(domain, ending.reason, ending.told);
    const bool waited = ending.soft_reset || co_await hold_back(domain, "has ended", operation);
    if (!domain->making) co_return co_await forget(domain);  // another tool has been faster
    Result<> started = fail(Reason::cancelled, "cancelled");
    if (waited) started = co_await bring_up(domain, {}, {}, operation);
    co_await note_restart(domain, started.has_value());
    if (started) co_return started;
    started.error().message = "it cannot be started anew: " + started.error().message;
    making.reset();
    // A stop that was told stands; one that was to be a reboot has become a stop now.
    if (ending.told == domain::EventKind(domain::Rebooted{})) tell_not_restarted(domain, operation);
    co_return started;
}

Task<Result<>> Guests::start_anew(DomainRef domain, domain::Definition again, Anew how, Operation operation) {
    const Changing changing(core_, domain);
    const Restarting restarting(domain, how);
    const bool ran = domain->life.has_value();
    if (ran) {
        auto removed = co_await end_guest(domain, operation);
        if (!removed) {
            tell_that_it_stays(domain);
            co_return as_it_is_left(core_, *domain, operation, std::move(removed));
        }
    }
    finish_in_any_case(*domain);
    const Making making(core_, domain, std::move(again));
    core_.end_life(domain, domain::ShutoffReason::destroyed, domain::Rebooted{});
    // What was to start anew by itself when the daemon ended goes on with its pause.
    if (how.as_it_was) domain->short_lives = 0;
    const bool waited = co_await hold_back(domain, "has ended", operation);
    if (!domain->making) co_return co_await forget(domain);  // another tool has been faster
    const StartOptions options{.paused = how.paused};
    Result<> started = fail(Reason::cancelled, "cancelled");
    if (waited) started = co_await bring_up(domain, options, {}, operation);
    co_await note_restart(domain, started.has_value());
    if (!started && ran) tell_not_restarted(domain, operation);
    co_return as_it_is_left(core_, *domain, operation, std::move(started));
}

/// It runs again, or is to be off: no later daemon is to start it once more.
Task<> Guests::note_restart(DomainRef domain, bool started) {
    if (!started && core_.stopping) co_return;
    domain->restarting.reset();
    if (!domain->life) {
        co_await forget(domain);
    } else if (started) {
        co_await note_or_warn(core_, domain, "that it runs again");
    } else {
        co_await note_or_warn(core_, domain, "that it is left as it is", Held::starting);
    }
}

/// One that does not come to its end in time has failed, and leaves the job time for what follows then.
Task<Result<>> Guests::reset_softly(DomainRef domain, Operation operation) {
    const BoundedPart part(core_, operation, core_.scheduler.now() + limits::soft_reset);
    auto reset = co_await soft_reset(domain, part.operation());
    const bool given_up = !reset && reset.error().reason == Reason::cancelled;
    if (given_up && part.is_out_of_time() && !operation.cancel.cancelled())
        co_return fail(Reason::timed_out, "its soft reset is not done within {} s",
                       limits::soft_reset.count());
    co_return reset;
}

/// The guest has put its next kernel into its memory: what was there, and its domid, stay. Xen leaves it
/// paused: a daemon that is killed now leaves it to the next one to let it run.
Task<Result<>> Guests::soft_reset(DomainRef domain, Operation operation) {
    const auto life = domain->life->id;
    operation.tell_stage(Stage::unnamed);
    co_await note_or_warn(core_, domain, "that it resets itself", Held::resetting);
    if (!domain->life || domain->life->id != life) co_return Result<>{};
    auto reset = co_await core_.hypervisor.soft_reset(domain->life->domid, std::move(operation));
    if (!reset || !domain->life || domain->life->id != life) co_return reset;
    std::ignore = co_await settle_reset(domain);
    if (!domain->life || domain->life->id != life) co_return reset;
    const auto unpaused = co_await unpause_in_any_case(domain);
    if (!domain->life || domain->life->id != life) co_return reset;
    domain->life->stopped.reset();
    domain->life->since = core_.scheduler.now();
    domain->life->stop_asked = domain->life->restart_asked = domain->life->stop_untold = false;
    domain->status = domain::RunningReason::booted;
    core_.tell(*domain, domain::Rebooted{});
    if (!unpaused) {
        // Its kernel has not run yet: nothing is lost, and whoever resumes it has it go on.
        log::error("domain '{}' stays paused: {}", domain->name, unpaused.error().message);
        domain->status = domain::PausedReason::starting_up;
        core_.tell(*domain, domain::Suspended::api_error);
    }
    co_await note_or_warn(core_, domain, "that it has reset itself");
    co_return reset;
}

/// Its devices have been made anew, from what was written down at its start.
Task<Result<>> Guests::settle_reset(DomainRef domain) {
    const auto life = domain->life->id;
    const auto lives = [&] { return domain->life && domain->life->id == life; };
    const Bounded bounded(core_, limits::tuning_deadline);
    const auto seen = co_await core_.hypervisor.describe(domain->life->domid, bounded.operation().cancel);
    if (lives() && seen) take_places(*seen, domain->life->definition);
    if (lives() && !seen)
        log::warning("where the consoles of domain '{}' are since it has reset itself is not known: {}",
                     domain->name, seen.error().message);
    if (lives()) co_await settle_password(core_, domain);
    if (seen) co_return Result<>{};
    if (seen.error().reason != Reason::cancelled) co_return std::unexpected(seen.error());
    co_return fail(Reason::timed_out, "what it has was not told within {} s",
                   limits::tuning_deadline.count());
}

Task<Result<>> Guests::go_on_from_reset(DomainRef domain, domain::Definition again, Operation operation) {
    if (!domain->life) co_return Result<>{};
    finish_in_any_case(*domain);
    const auto life = domain->life->id;
    auto whole = co_await settle_reset(domain);
    if (!domain->life || domain->life->id != life) co_return Result<>{};
    if (whole) co_return co_await go_on(domain);
    // Else it may be whole, and only nobody answers, as a device model that is gone.
    const auto why = whole.error().reason;
    if (why != Reason::invalid_state && why != Reason::no_domain) co_return whole;
    log::error("domain '{}' was being reset when the daemon was killed, and is not whole: it is started anew",
               domain->name);
    core_.timeline.note(*domain, "its reset was cut off: it is started anew");
    co_return co_await start_anew(domain, std::move(again), {}, std::move(operation));
}

void Guests::tell_not_restarted(const DomainRef& domain, const Operation& operation) {
    using enum domain::ShutoffReason;
    if (domain->life) return;
    const auto reason = operation.cancel.cancelled() ? destroyed : failed;
    domain->status = reason;
    core_.tell(*domain, stopped_event(reason));
}

/// Ends when its pause is over: true; or when it is cancelled. Another tool may have started the guest
/// meanwhile, or ended it.
Task<bool> Guests::hold_back(DomainRef domain, std::string_view what, Operation operation) {
    const auto pause = restart_pause(domain->short_lives);
    if (pause == Duration::zero()) co_return true;
    const auto why =
        fmt::format("it {} soon after its start, {} times in a row: it is held back for {} s", what,
                    domain->short_lives, std::chrono::duration_cast<seconds>(pause).count());
    log::notice("domain '{}': {}", domain->name, why);
    core_.timeline.note(*domain, why);
    const Resting resting(core_, domain);
    operation.tell_stage(Stage::held_back);
    co_return co_await async::sleep_for(core_.scheduler, pause, operation.cancel);
}

}  // namespace virtlight::manager
