// SPDX-License-Identifier: LGPL-2.1-or-later
#include <utility>

#include "base/log.hpp"
#include "manager/operations.hpp"

/// What is done to a guest besides starting, pausing and ending it.
namespace virtlight::manager {

using async::Task;
using domain::State;
using hypervisor::Operation;

/// Xen has no reset: the guest is made anew. Only we know how to make those that we have made.
Task<Result<>> Guests::reset(DomainRef domain, Operation operation) {
    if (!domain->life) co_return fail(Reason::invalid_state, "domain is not running");
    if (!domain->life->ours)
        co_return fail(Reason::unsupported_operation, "another tool made its guest, and can make it anew");
    const Anew how{.as_it_was = true, .paused = domain->status.state == State::paused};
    auto again = keeping_bridges(at_rest(domain->life->definition), domain->life->definition);
    co_return co_await start_anew(std::move(domain), std::move(again), how, std::move(operation));
}

Task<Result<>> Guests::inject_nmi(DomainRef domain, Operation operation) {
    if (auto guest = require_guest(*domain); !guest) co_return guest;
    co_return without_guest(co_await core_.hypervisor.inject_nmi(domain->life->domid, operation));
}

Task<Result<>> Guests::send_keys(DomainRef domain, hypervisor::KeyPress press, Operation operation) {
    if (auto guest = require_guest(*domain); !guest) co_return guest;
    const auto domid = domain->life->domid;
    if (const auto type = domain->life->definition.type; type != domain::GuestType::hvm) {
        if (const auto key = hypervisor::sysrq_of(press))
            co_return without_guest(co_await core_.hypervisor.send_sysrq(domid, *key, operation));
        co_return fail(Reason::unsupported_operation,
                       "it is a {} guest, and only an HVM guest has a keyboard that keys can be sent to; it "
                       "can be sent Alt, SysRq and a letter or a digit",
                       type == domain::GuestType::pv ? "PV" : "PVH");
    }
    co_return without_guest(co_await core_.hypervisor.send_keys(domid, std::move(press), operation));
}

Task<Result<>> Guests::sleep(DomainRef domain, Operation operation) {
    if (auto running = require_running(*domain); !running) co_return running;
    const auto life = domain->life->id;
    const Changing changing(core_, domain);
    if (auto noted = co_await note_as_it_is(core_, domain); !noted) co_return noted;
    if (!domain->life) co_return fail(Reason::invalid_state, "the guest has stopped meanwhile");
    operation.tell_stage(hypervisor::Stage::asking_guest);
    auto suspended = co_await core_.hypervisor.suspend(domain->life->domid, operation);
    if (!suspended) co_return without_guest(std::move(suspended));
    if (!domain->life || domain->life->id != life)
        co_return fail(Reason::invalid_state, "the guest has stopped meanwhile");
    domain->life->stopped = hypervisor::StopReason::suspend;
    domain->status = domain::PmSuspendedReason::unknown;
    core_.tell(*domain, domain::PmSuspended::memory);
    co_return suspended;
}

Task<Result<>> Guests::wake(DomainRef domain, Operation operation) {
    if (!domain->life) co_return fail(Reason::invalid_state, "domain is not running");
    if (domain->status.state != State::pm_suspended)
        co_return fail(Reason::invalid_state, "domain is {}, and not suspended",
                       domain::to_string(domain->status.state));
    const auto life = domain->life->id;
    const Changing changing(core_, domain);
    const auto held = held_for(*domain);
    auto resumed = co_await ready_to_run(domain);
    if (resumed) {
        resumed = co_await core_.hypervisor.resume(domain->life->domid, operation);
        resumed = co_await make_sure(domain, std::move(resumed));
    }
    if (!resumed) {
        co_await hold_again(domain, held);
        co_return without_guest(std::move(resumed));
    }
    domain->image.goes();  // what is aside goes with the life
    if (!domain->life || domain->life->id != life)
        co_return fail(Reason::invalid_state, "the guest has stopped meanwhile");
    domain->life->stopped.reset();
    domain->status = domain::RunningReason::wakeup;
    core_.tell(*domain, domain::Started::wakeup);
    co_return resumed;
}

}  // namespace virtlight::manager
