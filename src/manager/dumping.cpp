// SPDX-License-Identifier: LGPL-2.1-or-later
#include <optional>
#include <string_view>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "base/limits.hpp"
#include "base/log.hpp"
#include "manager/file_place.hpp"
#include "manager/operations.hpp"

namespace virtlight::manager {

using async::Task;
using domain::State;
using hypervisor::Operation;
using hypervisor::Stage;
using Then = DumpOptions::Then;

namespace {

/// One who has cancelled it is told of that as well, and not only that he has.
void add_that_it_stays_paused(Error& error, std::string_view why) {
    error.message += fmt::format("; and the guest stays paused: {}", why);
    if (error.reason == Reason::cancelled) error.reason = Reason::operation_failed;
}

}  // namespace

/// Also of a guest that has crashed and was kept for this.
Task<Result<>> Guests::dump_core(DomainRef domain, std::filesystem::path path, DumpOptions options,
                                 Operation operation) {
    operation.tell_stage(Stage::looking_at_files);
    if (auto good = co_await check_file_place(core_, path, operation.cancel); !good) co_return good;
    if (!domain->life) co_return fail(Reason::invalid_state, "domain is not running");
    if (options.then == Then::reset && !domain->life->ours)
        co_return fail(Reason::unsupported_operation, "another tool made its guest, and can make it anew");
    operation.bypass_cache = options.bypass_cache;
    const auto life = domain->life->id;
    const auto domid = domain->life->domid;
    const bool to_be_held = !options.live && domain->status.state == State::running;
    // A live one changes nothing, and may take long: what becomes of the guest meanwhile is seen. So it is
    // as long as it runs on because there is no file yet, or no turn.
    std::optional<Changing> changing;
    if (!to_be_held && options.then != Then::go_on) changing.emplace(core_, domain);
    std::optional<Changing> held;
    hypervisor::Hold hold;
    if (!options.live) hold = [&, this] { return hold_for_dump(domain, life, operation, held); };
    operation.tell_stage(Stage::dumping);
    auto dumped = co_await core_.hypervisor.dump_core(domid, std::move(path), std::move(hold), operation);
    if (!domain->life || domain->life->id != life)
        co_return fail(Reason::invalid_state, "the guest has stopped meanwhile");
    if (dumped && options.then == Then::end_as_crashed)
        co_return co_await end_as_crashed(domain, held.has_value(), operation);
    if (held) {
        auto goes_on = co_await go_on(domain);
        if (dumped && !goes_on) co_return goes_on;
        if (!dumped && !goes_on) add_that_it_stays_paused(dumped.error(), goes_on.error().message);
    }
    if (!dumped) co_return without_guest(std::move(dumped));
    if (options.then == Then::reset) co_return co_await reset(domain, operation);
    co_return dumped;
}

/// Of a guest whose core is dumped; one that cannot be ended goes on, if it was held for that.
Task<Result<>> Guests::end_as_crashed(DomainRef domain, bool held, Operation operation) {
    const bool begun = !operation.cancel.cancelled();
    Result<> ended = fail(Reason::cancelled, "cancelled");
    if (begun) ended = co_await destroy(domain, domain::ShutoffReason::crashed, operation);
    if (ended || !held || !domain->life) co_return ended;
    auto& error = ended.error();
    // What is given up is not undone: Xen may have begun to take it apart.
    if (begun && (error.reason == Reason::cancelled || error.reason == Reason::timed_out))
        add_that_it_stays_paused(error, "it may still be ended");
    else if (const auto goes_on = co_await go_on(domain); !goes_on)
        add_that_it_stays_paused(error, goes_on.error().message);
    co_return ended;
}

/// Of a guest that has crashed and is about to go: that does not wait for a core that cannot be written.
Task<> Guests::keep_core(DomainRef domain, Operation operation) {
    const auto path = core_.store.core_path(domain->name);
    operation.tell_stage(Stage::dumping);
    const auto dumped =
        co_await core_.hypervisor.dump_core(domain->life->domid, path, {}, std::move(operation));
    const auto what = dumped ? fmt::format("its core is kept in '{}'", path.string())
                             : fmt::format("its core cannot be kept: {}", dumped.error().message);
    log::notice("domain '{}' has crashed: {}", domain->name, what);
    core_.timeline.note(*domain, what);
}

/// Only now: it ran on until here, and may have gone, or have been paused by another tool, which leaves it
/// so. It is held as long as `held` is there.
Task<Result<>> Guests::hold_for_dump(DomainRef domain, hypervisor::LifeId life, Operation operation,
                                     std::optional<Changing>& held) {
    if (!domain->life || domain->life->id != life)
        co_return fail(Reason::invalid_state, "the guest has stopped meanwhile");
    if (domain->status.state != State::running) co_return Result<>{};
    held.emplace(core_, domain);
    auto paused = co_await pause_for_dump(domain, std::move(operation));
    if (!paused) held.reset();
    co_return paused;
}

/// A daemon that is killed now leaves the guest paused: the next one is to know why.
Task<Result<>> Guests::pause_for_dump(DomainRef domain, Operation operation) {
    if (auto noted = co_await note_life(core_, domain, Held::dumping); !noted) co_return noted;
    if (!domain->life) co_return fail(Reason::invalid_state, "the guest has stopped meanwhile");
    auto paused = co_await core_.hypervisor.pause(domain->life->domid, operation);
    if (!paused) {
        std::ignore = co_await note_life(core_, domain);
        co_return without_guest(std::move(paused));
    }
    domain->status = domain::PausedReason::dump;
    core_.tell(*domain, domain::Suspended::paused);
    co_return paused;
}

Task<Result<>> Guests::go_on(DomainRef domain) {
    if (!domain->life) co_return Result<>{};
    const Changing changing(core_, domain);
    tell_stage(*domain, Stage::letting_run);
    auto unpaused = co_await unpause_in_any_case(domain);
    if (!unpaused) co_return without_guest(std::move(unpaused));
    if (!domain->life) co_return unpaused;
    // Else it sleeps, and is only not paused besides; or it runs by now, as it has been reset meanwhile.
    if (!domain->life->stopped && domain->status.state != State::running) {
        domain->status = domain::RunningReason::unpaused;
        core_.tell(*domain, domain::Resumed::unpaused);
    }
    co_await note_or_warn(core_, domain, "that it goes on");
    co_return unpaused;
}

/// Whatever the operation that paused it has become.
Task<Result<>> Guests::unpause_in_any_case(DomainRef domain) {
    const Bounded bounded(core_, limits::pause_deadline);
    co_return co_await core_.hypervisor.unpause(domain->life->domid, bounded.operation());
}

}  // namespace virtlight::manager
