// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <string_view>
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
using hypervisor::Stage;

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

void finish_in_any_case(Domain& domain) {
    if (domain.job) domain.job->to_be_finished = true;
}

bool is_to_be_finished(const Domain& domain) {
    return domain.job && domain.job->to_be_finished;
}

void tell_stage(Domain& domain, hypervisor::Stage stage) {
    if (domain.job) domain.job->progress->stage = stage;
}

namespace {

bool stopped(const Domain& domain, hypervisor::LifeId life) {
    return !domain.life || domain.life->id != life || domain.life->stopped;
}

/// Whether the guest is as it was before a request: it does not listen in that way, or the request was taken
/// back. One that was not answered in time may still be followed.
bool came_to_nothing(const Error& why) {
    return why.reason == Reason::unsupported_operation || why.reason == Reason::cancelled;
}

/// Mostly the guest is frozen, or still boots: whoever asked it is told what works all the same. If libxl is
/// late with the end of a request that was cancelled, the guest has nothing to do with that.
Result<> unanswered(Result<> asked, const Operation& operation, std::string_view instead) {
    if (!asked && asked.error().reason == Reason::timed_out && !operation.cancel.cancelled())
        asked.error().message +=
            fmt::format("; the guest may still do as it was asked, and a {} needs no answer of it", instead);
    return asked;
}

/// Whether the next daemon would let it go on: not one of ours that has no note with its domid, or whose
/// start or save has come to nothing and left its image good.
bool would_go_on(const Domain& domain) {
    const auto held = held_for(domain);
    const bool saved = domain.image && !domain.image.is_outdated();
    const bool goes = saved && (held == Held::starting || held == Held::saving);
    return !domain.life->ours || (was_ever_noted(domain) && !goes);
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
    const auto held = held_for(*domain);
    const bool ours = domain->life->ours;
    auto unpaused = co_await ready_to_run(domain);
    if (unpaused) unpaused = co_await unpause(domain, operation);
    if (!unpaused) {
        co_await hold_again(domain, held);
        co_return without_guest(std::move(unpaused));
    }
    // What another tool has made was not restored from it: then it stays aside.
    const bool image_used = domain->image && ours;
    domain->image.goes();
    domain->status = domain::RunningReason::unpaused;
    core_.tell(*domain, domain::Resumed::unpaused);
    if (image_used) co_await drop_image(domain);
    co_return unpaused;
}

// The requests do not change the domain: its end is seen, and told, while they wait for the guest.

Task<Result<>> Guests::shutdown(DomainRef domain, std::optional<hypervisor::ShutdownMethod> method,
                                Operation operation) {
    using enum hypervisor::ShutdownMethod;
    if (auto guest = require_guest(*domain); !guest) co_return guest;
    const auto life = domain->life->id;
    const auto domid = domain->life->domid;
    operation.tell_stage(Stage::asking_guest);
    const bool was_asked = std::exchange(domain->life->stop_asked, true);
    const bool was_to_reboot = std::exchange(domain->life->restart_asked, false);
    if (was_to_reboot) co_await note_change(core_, domain, "that it is not to reboot");
    if (stopped(*domain, life)) co_return Result<>{};
    auto asked = co_await core_.hypervisor.request_shutdown(domid, method.value_or(paravirtual), operation);
    const bool deaf = !asked && asked.error().reason == Reason::unsupported_operation;
    if (deaf && !method && !stopped(*domain, life))
        asked = co_await core_.hypervisor.request_shutdown(domid, acpi, operation);
    // A guest that is gone has done what it was asked for, acknowledged or not.
    if (asked || stopped(*domain, life) || asked.error().reason == Reason::no_domain) co_return Result<>{};
    if (!came_to_nothing(asked.error()))
        co_return method == acpi ? asked : unanswered(std::move(asked), operation, "destroy");
    // What it was asked before stands.
    domain->life->stop_asked = was_asked;
    domain->life->restart_asked = was_to_reboot;
    if (was_to_reboot) co_await note_change(core_, domain, "that it is to reboot");
    co_return asked;
}

Task<Result<>> Guests::reboot(DomainRef domain, std::optional<hypervisor::ShutdownMethod> method,
                              Operation operation) {
    using enum hypervisor::ShutdownMethod;
    if (auto guest = require_guest(*domain); !guest) co_return guest;
    operation.tell_stage(Stage::asking_guest);
    if (method == acpi) co_return co_await press_to_reboot(domain, operation);
    const auto life = domain->life->id;
    auto asked = co_await core_.hypervisor.request_reboot(domain->life->domid, operation);
    const bool deaf = !asked && asked.error().reason == Reason::unsupported_operation;
    if (deaf && !method && !stopped(*domain, life)) co_return co_await press_to_reboot(domain, operation);
    if (!asked && domain->life && domain->life->id == life && domain->life->stopped) co_return Result<>{};
    co_return without_guest(unanswered(std::move(asked), operation, "reset"));
}

/// The power button means power off; what is to follow is for us to remember, and for the next daemon.
Task<Result<>> Guests::press_to_reboot(DomainRef domain, Operation operation) {
    if (!domain->life->ours)
        co_return fail(
            Reason::unsupported_operation,
            "another tool made its guest: the power button would only end it; have that tool reboot it");
    const auto life = domain->life->id;
    const auto domid = domain->life->domid;
    const bool pressed_before = std::exchange(domain->life->restart_asked, true);
    co_await note_change(core_, domain, "that it is to reboot");
    auto asked =
        co_await core_.hypervisor.request_shutdown(domid, hypervisor::ShutdownMethod::acpi, operation);
    if (!asked && !pressed_before && !stopped(*domain, life)) {
        domain->life->restart_asked = false;
        co_await note_change(core_, domain, "that it is not to reboot");
    }
    co_return without_guest(std::move(asked));
}

Task<Result<>> Guests::destroy(DomainRef domain, domain::ShutoffReason reason, Operation operation) {
    if (!domain->life) co_return co_await forget(domain);
    {
        const Changing changing(core_, domain);
        finish_in_any_case(*domain);
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
/// that this guest is to go. Of some it knows that already.
Task<Result<>> Guests::end_guest(DomainRef domain, Operation operation) {
    const bool stays = would_go_on(*domain);
    Result<> noted;
    if (stays) noted = co_await note_life(core_, domain, Held::ending);
    if (!domain->life) co_return Result<>{};
    // To one that is to start anew nothing has happened yet; if it went now, nobody would start it, or its
    // start could not be noted either.
    const bool can_stay = domain->restarting && !is_to_be_finished(*domain);
    if (can_stay && !noted) co_return noted;
    if (can_stay && operation.cancel.cancelled()) {
        if (stays) co_await note_that_it_stays(domain);
        co_return fail(Reason::cancelled, "cancelled");
    }
    if (!noted)
        log::warning("domain '{}': that it is destroyed cannot be noted: {}", domain->name,
                     noted.error().message);
    finish_in_any_case(*domain);
    auto removed = co_await remove_guest(domain, operation);
    // What is given up is not undone: Xen may have begun to take it apart.
    const bool refused = !removed && removed.error().reason != Reason::cancelled &&
                         removed.error().reason != Reason::timed_out;
    if (refused && stays) co_await note_that_it_stays(domain);
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

Task<Result<>> Guests::remove_guest(DomainRef domain, Operation operation) {
    auto lent = lent_to(*domain);
    auto removed = co_await take_apart(domain, operation);
    if (removed) co_await give_back_all(domain, std::move(lent));
    co_return removed;
}

Task<Result<>> Guests::take_apart(DomainRef domain, Operation operation) {
    if (!domain->life) co_return Result<>{};
    tell_stage(*domain, Stage::removing);
    auto removed = co_await core_.hypervisor.destroy(domain->life->domid, std::move(operation));
    if (!removed && removed.error().reason == Reason::no_domain) co_return Result<>{};
    co_return removed;
}

/// Once more, after it has failed: it may have gone all the same, and its domid may be another's by now.
Task<Result<>> Guests::take_apart_again(DomainRef domain, Operation operation) {
    const auto snapshot = co_await core_.hypervisor.look();
    if (!snapshot) co_return std::unexpected(snapshot.error());
    if (!domain->life) co_return Result<>{};
    const auto is_it = [&](const hypervisor::DomainSeen& seen) {
        return seen.domid == domain->life->domid && seen.uuid == domain->uuid;
    };
    if (std::ranges::none_of(snapshot->domains, is_it)) co_return Result<>{};
    co_return co_await take_apart(domain, std::move(operation));
}

/// Tries until it is gone, as nobody else will: the guest may have to start anew. Should its time be over,
/// the next look finds that the guest has stopped, and all begins anew.
Task<Result<>> Guests::remove_stopped(DomainRef domain, Operation operation) {
    if (!domain->life) co_return Result<>{};
    const auto life = domain->life->id;
    auto lent = lent_to(*domain);
    auto removed = co_await take_apart(domain, operation);
    for (unsigned tries = 1; !removed; ++tries) {
        if (operation.cancel.cancelled()) {
            if (domain->life && domain->life->id == life) domain->life->unfinished = true;
            co_return removed;
        }
        log::error("domain '{}' has stopped, and what is left of it cannot be removed: {}", domain->name,
                   removed.error().message);
        co_await async::sleep_for(core_.scheduler, restart_pause(tries), operation.cancel);
        removed = co_await take_apart_again(domain, operation);
    }
    co_await give_back_all(domain, std::move(lent));
    co_return removed;
}

/// Whoever had the guest removed may have been overruled since: nobody else gives them back.
Task<> Guests::give_back_all(DomainRef domain, Lent lent) {
    const Bounded bounded(core_, limits::destroy_deadline);
    for (const auto& device : lent.had)
        co_await give_back(core_, domain->uuid, device, bounded.operation());
    co_await give_back_unused(core_, domain->uuid, std::move(lent.perhaps));
}

Task<Result<>> Guests::clear_away(DomainRef domain, Lent lent) {
    co_await give_back_all(domain, std::move(lent));
    co_return co_await forget(domain);
}

Task<Result<>> Guests::forget(DomainRef domain) {
    if (domain->restarting && core_.stopping) co_return Result<>{};
    co_await settle_image(domain);
    // By what is noted the next daemon knows that the image, which is still there, is not true any more.
    if (domain->image.is_outdated()) co_return Result<>{};
    if (core_.half_made.contains(domain->uuid)) co_return Result<>{};
    // The store may keep it: a life that Xen does not run is recognised at the next start.
    const auto removed = co_await core_.store.remove_life(domain->uuid);
    if (!removed)
        log::warning("the end of domain '{}' cannot be noted: {}", domain->name, removed.error().message);
    co_return Result<>{};
}

}  // namespace virtlight::manager
