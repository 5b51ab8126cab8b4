// SPDX-License-Identifier: LGPL-2.1-or-later
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "async/timing.hpp"
#include "base/limits.hpp"
#include "base/log.hpp"
#include "manager/operations.hpp"

/// What follows when a guest has ended: its domain is off, or starts anew, at once or after a pause.
namespace virtlight::manager {

using async::Task;
using hypervisor::Operation;

Task<Result<>> Guests::after_stop(DomainRef domain, hypervisor::LifeId life, Ending ending,
                                  Operation operation) {
    if (!domain->life || domain->life->id != life) co_return Result<>{};
    const auto again = domain->stored.value_or(at_rest(domain->life->definition));
    const Changing changing(core_, domain);
    if (ending.soft_reset) {
        auto goes_on = co_await soft_reset(domain, operation);
        if (goes_on) co_return goes_on;
        log::error("domain '{}': {}; it is started anew", domain->name, goes_on.error().message);
    }
    if (ending.dump) co_await keep_core(domain, operation);
    if (!domain->life || domain->life->id != life) co_return Result<>{};
    if (ending.restart) co_return co_await start_after(domain, again, ending, operation);
    if (auto removed = co_await remove_stopped(domain, operation); !removed) co_return removed;
    core_.end_life(domain, ending.reason, ending.told);
    co_return co_await forget(domain);
}

/// A daemon that is killed on the way leaves the rest to the next one.
Task<Result<>> Guests::start_after(DomainRef domain, domain::Definition again, Ending ending,
                                   Operation operation) {
    const auto lived = core_.scheduler.now() - domain->life->since;
    const Restarting restarting(domain);
    co_await note_or_warn(core_, domain, "that it starts anew", Held::ending);
    if (auto removed = co_await remove_stopped(domain, operation); !removed) co_return removed;
    std::optional<Making> making(std::in_place, core_, domain, std::move(again));
    core_.end_life(domain, ending.reason, ending.told);
    auto started = co_await hold_back(domain, lived, operation);
    if (started && !domain->making) co_return co_await forget(domain);  // another tool has been faster
    if (started) started = co_await bring_up(domain, {}, {}, operation);
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
            co_return removed;
        }
    }
    const Making making(core_, domain, std::move(again));
    core_.end_life(domain, domain::ShutoffReason::destroyed, domain::Rebooted{});
    domain->short_lives = 0;
    const StartOptions options{.paused = how.paused};
    auto started = co_await bring_up(domain, options, {}, operation);
    co_await note_restart(domain, started.has_value());
    if (!started && ran) tell_not_restarted(domain, operation);
    co_return started;
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

/// The guest has put its next kernel into its memory: what was there, and its domid, stay. Xen leaves it
/// paused: a daemon that is killed now leaves it to the next one to let it run.
Task<Result<>> Guests::soft_reset(DomainRef domain, Operation operation) {
    const auto life = domain->life->id;
    co_await note_or_warn(core_, domain, "that it resets itself", Held::resetting);
    if (!domain->life || domain->life->id != life) co_return Result<>{};
    auto reset = co_await core_.hypervisor.soft_reset(domain->life->domid, std::move(operation));
    if (!reset || !domain->life || domain->life->id != life) co_return reset;
    const auto unpaused = co_await unpause_in_any_case(domain);
    if (!domain->life || domain->life->id != life) co_return reset;
    domain->life->stopped.reset();
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

void Guests::tell_not_restarted(const DomainRef& domain, const Operation& operation) {
    using enum domain::ShutoffReason;
    if (domain->life) return;
    const auto reason = operation.cancel.cancelled() ? destroyed : failed;
    domain->status = reason;
    core_.tell(*domain, stopped_event(reason));
}

/// Ends when its pause is over, or another tool has started it.
Task<Result<>> Guests::hold_back(DomainRef domain, Duration lived, Operation operation) {
    domain->short_lives = lived < limits::quick_life ? domain->short_lives + 1 : 0;
    const auto pause = restart_pause(domain->short_lives);
    if (pause == Duration::zero()) co_return Result<>{};
    const auto why =
        fmt::format("it has ended soon after its start, {} times in a row: it is held back for {} s",
                    domain->short_lives, std::chrono::duration_cast<seconds>(pause).count());
    log::notice("domain '{}': {}", domain->name, why);
    core_.timeline.note(*domain, why);
    const Resting resting(core_, domain);
    const bool waited = co_await async::sleep_for(core_.scheduler, pause, operation.cancel);
    if (!waited && domain->making) co_return fail(Reason::cancelled, "cancelled");
    co_return Result<>{};
}

}  // namespace virtlight::manager
