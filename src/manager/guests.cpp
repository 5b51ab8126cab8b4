// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "async/timing.hpp"
#include "base/limits.hpp"
#include "base/log.hpp"
#include "manager/host_device_use.hpp"
#include "manager/operations.hpp"

namespace virtlight::manager {

using async::Task;
using domain::State;
using hypervisor::Operation;

Result<> require_guest(const Domain& domain) {
    if (!domain.exists()) return fail(Reason::no_domain, "there is no such domain any more");
    if (!domain.life) return fail(Reason::invalid_state, "domain is not running");
    if (domain.life->stopped)
        return fail(Reason::invalid_state, "domain is {}", domain::to_string(domain.status.state));
    return {};
}

Result<> without_guest(Result<> result) {
    if (!result && result.error().reason == Reason::no_domain)
        return fail(Reason::invalid_state, "domain is not running");
    return result;
}

namespace {

bool stopped(const Domain& domain, hypervisor::LifeId life) {
    return !domain.life || domain.life->id != life || domain.life->stopped;
}

}  // namespace

Task<Result<>> Guests::suspend(DomainRef domain, Operation operation) {
    if (auto guest = require_guest(*domain); !guest) co_return guest;
    if (domain->status.state == State::paused) co_return Result<>{};
    const Changing changing(core_, domain);
    // One that has not had a processor yet would look to the next daemon like one that was never let run.
    if (auto noted = co_await note_as_it_is(core_, domain); !noted) co_return noted;
    if (!domain->life) co_return fail(Reason::invalid_state, "domain is not running");
    auto paused = co_await core_.hypervisor.pause(domain->life->domid, operation);
    if (!paused) co_return without_guest(std::move(paused));
    domain->status = domain::PausedReason::user;
    core_.tell(*domain, domain::Suspended::paused);
    co_return paused;
}

Task<Result<>> Guests::resume(DomainRef domain, Operation operation) {
    if (auto guest = require_guest(*domain); !guest) co_return guest;
    if (domain->status.state == State::running) co_return Result<>{};
    const Changing changing(core_, domain);
    auto unpaused = co_await ready_to_run(domain);
    if (unpaused) unpaused = co_await unpause(domain, operation);
    if (!unpaused) co_return without_guest(std::move(unpaused));
    domain->image = false;  // what is aside goes with the life
    domain->status = domain::RunningReason::unpaused;
    core_.tell(*domain, domain::Resumed::unpaused);
    co_return unpaused;
}

// The requests do not change the domain: its end is seen, and told, while they wait for the guest.

Task<Result<>> Guests::shutdown(DomainRef domain, std::optional<hypervisor::ShutdownMethod> method,
                                Operation operation) {
    using enum hypervisor::ShutdownMethod;
    if (auto guest = require_guest(*domain); !guest) co_return guest;
    const auto life = domain->life->id;
    const auto domid = domain->life->domid;
    domain->life->stop_asked = true;
    if (std::exchange(domain->life->restart_asked, false))
        co_await note_beside(core_, domain, "that it is not to reboot");
    if (stopped(*domain, life)) co_return Result<>{};
    auto asked = co_await core_.hypervisor.request_shutdown(domid, method.value_or(paravirtual), operation);
    const bool deaf = !asked && asked.error().reason == Reason::unsupported_operation;
    if (deaf && !method && !stopped(*domain, life))
        asked = co_await core_.hypervisor.request_shutdown(domid, acpi, operation);
    // A guest that is gone has done what it was asked for, acknowledged or not.
    if (asked || stopped(*domain, life) || asked.error().reason == Reason::no_domain) co_return Result<>{};
    if (asked.error().reason == Reason::unsupported_operation) domain->life->stop_asked = false;
    co_return asked;
}

Task<Result<>> Guests::reboot(DomainRef domain, std::optional<hypervisor::ShutdownMethod> method,
                              Operation operation) {
    using enum hypervisor::ShutdownMethod;
    if (auto guest = require_guest(*domain); !guest) co_return guest;
    if (method == acpi) co_return co_await press_to_reboot(domain, operation);
    const auto life = domain->life->id;
    auto asked = co_await core_.hypervisor.request_reboot(domain->life->domid, operation);
    const bool deaf = !asked && asked.error().reason == Reason::unsupported_operation;
    if (deaf && !method && !stopped(*domain, life)) co_return co_await press_to_reboot(domain, operation);
    if (!asked && domain->life && domain->life->id == life && domain->life->stopped) co_return Result<>{};
    co_return without_guest(std::move(asked));
}

/// The power button means power off; what is to follow is for us to remember, and for the next daemon.
Task<Result<>> Guests::press_to_reboot(DomainRef domain, Operation operation) {
    const auto life = domain->life->id;
    const auto domid = domain->life->domid;
    domain->life->restart_asked = true;
    co_await note_beside(core_, domain, "that it is to reboot");
    auto asked =
        co_await core_.hypervisor.request_shutdown(domid, hypervisor::ShutdownMethod::acpi, operation);
    if (!asked && !stopped(*domain, life)) {
        domain->life->restart_asked = false;
        co_await note_beside(core_, domain, "that it is not to reboot");
    }
    co_return without_guest(std::move(asked));
}

Task<Result<>> Guests::destroy(DomainRef domain, domain::ShutoffReason reason, Operation operation) {
    if (!domain->life) co_return co_await forget(domain);
    {
        const Changing changing(core_, domain);
        auto removed = co_await end_guest(domain, operation);
        if (!removed) {
            tell_that_it_stays(domain);
            co_return removed;
        }
        core_.end_life(domain, reason, stopped_event(reason));
    }
    co_return co_await forget(domain);
}

/// Xen pauses a guest before it takes it apart: should the daemon be killed between, the next one is to know
/// that this guest is to go. Of one that was never let run it knows that already.
Task<Result<>> Guests::end_guest(DomainRef domain, Operation operation) {
    const bool ran = !domain->life->ours || (domain->life->noted && !domain->image);
    if (ran) co_await note_or_warn(core_, domain, "that it is destroyed", Held::ending);
    if (!domain->life) co_return Result<>{};
    auto removed = co_await remove_guest(domain, operation);
    // What is given up is not undone: Xen may have begun to take it apart.
    const bool refused = !removed && removed.error().reason != Reason::cancelled &&
                         removed.error().reason != Reason::timed_out;
    if (refused && ran) co_await note_that_it_stays(domain);
    co_return removed;
}

Task<Result<>> Guests::note_that_it_stays(DomainRef domain) {
    co_await note_or_warn(core_, domain, "that it stays");
    co_return Result<>{};
}

/// What has stopped was to be told when it is gone.
void Guests::tell_that_it_stays(const DomainRef& domain) {
    if (domain->life && std::exchange(domain->life->stop_untold, false))
        core_.tell(*domain, halted_event(*domain->life, domain->status.state));
}

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

Task<Result<>> Guests::start_anew(DomainRef domain, domain::Definition again, StartOptions options,
                                  Operation operation) {
    const Changing changing(core_, domain);
    const Restarting restarting(domain);
    const bool ran = domain->life.has_value();
    if (ran)
        if (auto removed = co_await end_guest(domain, operation); !removed) co_return removed;
    const Making making(core_, domain, std::move(again));
    core_.end_life(domain, domain::ShutoffReason::destroyed, domain::Rebooted{});
    domain->short_lives = 0;
    auto started = co_await bring_up(domain, options, {}, operation);
    co_await note_restart(domain, started.has_value());
    if (!started && ran) tell_not_restarted(domain, operation);
    co_return started;
}

/// It runs again, or is to be off: no later daemon is to start it once more.
Task<> Guests::note_restart(DomainRef domain, bool started) {
    if (!started && core_.stopping) co_return;
    domain->restarting = false;
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

Task<Result<>> Guests::remove_guest(DomainRef domain, Operation operation) {
    if (!domain->life) co_return Result<>{};
    const auto devices =
        domain->life->ours ? domain->life->definition.pci_devices : std::vector<domain::PciDevice>();
    auto removed = co_await core_.hypervisor.destroy(domain->life->domid, operation);
    if (!removed && removed.error().reason != Reason::no_domain) co_return removed;
    for (const auto& device : devices)
        co_await give_back(core_, device, operation);
    co_return Result<>{};
}

/// Once more, after it has failed: it may have gone all the same, and its domid may be another's by now.
Task<Result<>> Guests::remove_again(DomainRef domain, Operation operation) {
    const auto snapshot = co_await core_.hypervisor.look();
    if (!snapshot) co_return std::unexpected(snapshot.error());
    if (!domain->life) co_return Result<>{};
    const auto is_it = [&](const hypervisor::DomainSeen& seen) {
        return seen.domid == domain->life->domid && seen.uuid == domain->uuid;
    };
    if (std::ranges::none_of(snapshot->domains, is_it)) co_return Result<>{};
    co_return co_await remove_guest(domain, std::move(operation));
}

/// Tries until it is gone, as nobody else will: the guest may have to start anew. Should its time be over,
/// the next look finds that the guest has stopped, and all begins anew.
Task<Result<>> Guests::remove_stopped(DomainRef domain, Operation operation) {
    const auto life = domain->life->id;
    for (unsigned tries = 1;; ++tries) {
        auto removed =
            co_await (tries == 1 ? remove_guest(domain, operation) : remove_again(domain, operation));
        if (removed) co_return removed;
        if (operation.cancel.cancelled()) {
            if (domain->life && domain->life->id == life) domain->life->unfinished = true;
            co_return removed;
        }
        log::error("domain '{}' has stopped, and what is left of it cannot be removed: {}", domain->name,
                   removed.error().message);
        co_await async::sleep_for(core_.scheduler, restart_pause(tries), operation.cancel);
    }
}

Task<Result<>> Guests::clear_away(DomainRef domain, std::vector<domain::PciDevice> devices,
                                  Operation operation) {
    for (const auto& device : devices)
        co_await give_back(core_, device, operation);
    co_return co_await forget(domain);
}

Task<Result<>> Guests::forget(DomainRef domain) {
    if (domain->restarting && core_.stopping) co_return Result<>{};
    // It has never run: what it was restored from is what there is of it.
    if (domain->image) co_await take_image_back(domain);
    // The store may keep it: a life that Xen does not run is recognised at the next start.
    const auto removed = co_await core_.store.remove_life(domain->uuid);
    if (!removed)
        log::warning("the end of domain '{}' cannot be noted: {}", domain->name, removed.error().message);
    co_return Result<>{};
}

}  // namespace virtlight::manager
