// SPDX-License-Identifier: LGPL-2.1-or-later
#include "simulated/simulated.hpp"

#include <cassert>
#include <memory>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "base/limits.hpp"
#include "simulated/attempt.hpp"
#include "simulated/boot_files.hpp"

namespace virtlight::simulated {

using hypervisor::Created;
using hypervisor::Operation;
using hypervisor::StopReason;

Simulated::Simulated(Machine& machine, async::Scheduler& scheduler, async::Blocking& blocking)
    : machine_(machine),
      scheduler_(scheduler),
      blocking_(blocking),
      host_(machine.host()),
      self_(std::make_shared<Simulated*>(this)) {
    machine_.listen([this](DomId domid, Happening happening) { heard(domid, happening); });
}

Simulated::~Simulated() {
    machine_.listen(nullptr);
    scheduler_.cancel(attention_);
}

// What the machine tells

void Simulated::heard(DomId domid, Happening happening) {
    if (happening == Happening::acknowledged) {
        acknowledgements_.end(scheduler_, domid, End::done);
        return;  // between the guest and the one who asked
    }
    if (happening == Happening::ttys) {
        for (const auto& [life, watched] : ttys_)
            if (watched.domid == domid) tell_ttys(life);
        return;
    }
    if (happening == Happening::dying) {
        acknowledgements_.end(scheduler_, domid, End::domain_gone);
        suspensions_.end(scheduler_, domid, End::domain_gone);
    }
    if (happening == Happening::stopped) suspensions_.end(scheduler_, domid, End::done);
    if (happening == Happening::gone) departures_.end(scheduler_, domid, End::done);
    call_for_attention();
    tell_of_host_devices();
}

void Simulated::call_for_attention() {
    if (attention_) return;
    const auto& settings = machine_.settings();
    attention_ = scheduler_.call_at(scheduler_.now() + settings.takes(settings.times.attention), [this] {
        attention_ = {};
        if (again_) again_();
    });
}

void Simulated::follow(hypervisor::LifeId life, DomId) {
    // The machine tells the end of every life; what is kept is who was to be told.
    [[maybe_unused]] const bool first = followed_.insert(life).second;
    assert(first);
}

void Simulated::unfollow(hypervisor::LifeId life) {
    followed_.erase(life);
    ttys_.erase(life);
}

void Simulated::follow_ttys(hypervisor::LifeId life, DomId domid, std::vector<domain::Console>,
                            hypervisor::TtysTold told) {
    ttys_.insert_or_assign(life, Watched{domid, std::move(told)});
    tell_ttys(life);
}

/// In a step of its own.
void Simulated::tell_ttys(hypervisor::LifeId life) {
    scheduler_.post([weak = std::weak_ptr(self_), life] {
        const auto self = weak.lock();
        if (!self) return;
        const auto found = (*self)->ttys_.find(life);
        if (found == (*self)->ttys_.end()) return;
        const auto definition = (*self)->machine_.describe(found->second.domid);
        const auto told = found->second.told;
        if (definition) told(definition->consoles);
    });
}

// How an operation passes its time

Simulated::Attempt Simulated::begin(OperationKind kind, std::string what, async::CancelToken cancel) {
    return {.what = std::move(what), .cancel = std::move(cancel), .fault = faults_.take(kind)};
}

/// Ends with `ended`, after `bound`, or when the attempt gives up: always in a step of its own.
async::Task<End> Simulated::wait(Attempt& attempt, async::Completion<End> ended, Duration bound) {
    const auto registration = attempt.cancel.on_cancel([this, &attempt, ended] {
        if (!attempt.gives_up) attempt.gives_up = scheduler_.now() + attempt.fault.late;
        scheduler_.call_at(*attempt.gives_up, [ended] { ended.set(End::cancelled); });
    });
    const auto timer = scheduler_.call_at(scheduler_.now() + bound, [ended] { ended.set(End::time_over); });
    const auto end = co_await ended;
    scheduler_.cancel(timer);
    co_return end;
}

/// Lets the attempt take its time, and go wrong.
async::Task<Result<>> Simulated::pass(Attempt& attempt, Duration usual, DomId domid) {
    const auto half = (machine_.settings().takes(usual) + attempt.fault.delay) / 2;
    if (const auto end = co_await wait(attempt, {}, half); end == End::cancelled)
        co_return attempt.error(end);
    if (attempt.fault.domain_dies) static_cast<void>(machine_.destroy(domid));
    if (const auto end = co_await wait(attempt, {}, half); end == End::cancelled)
        co_return attempt.error(end);
    if (!attempt.fault.fails) co_return Result<>();
    co_return std::unexpected(Error{*attempt.fault.fails,
                                    fmt::format("cannot {}: the hypervisor refused", attempt.what),
                                    attempt.fault.lines});
}

// Making and ending domains

async::Task<Result<Created>> Simulated::create(domain::Definition definition, Operation operation) {
    auto attempt =
        begin(OperationKind::create, fmt::format("create domain '{}'", definition.name), operation.cancel);
    if (auto checked = co_await check_files(attempt, definition); !checked)
        co_return std::unexpected(std::move(checked).error());
    const auto begun = machine_.begin(definition);
    if (!begun) co_return std::unexpected(begun.error());
    auto created = co_await build(attempt, *begun);
    if (!created) co_await abandon(*begun);
    co_return created;
}

async::Task<Result<>> Simulated::check_files(Attempt& attempt, const domain::Definition& definition) {
    return check(attempt, [definition] { return check_boot_files(definition); });
}

/// Looks at files, beside the core.
async::Task<Result<>> Simulated::check(Attempt& attempt, std::function<Result<>()> look) {
    const async::Completion<End> ended;
    const auto verdict = std::make_shared<Result<>>();
    blocking_.submit([&scheduler = scheduler_, ended, verdict, look = std::move(look)] {
        *verdict = look();
        scheduler.post([ended] { ended.set(End::done); });
    });
    if (const auto end = co_await wait(attempt, ended, limits::simulated_file_check); end != End::done)
        co_return attempt.error(end);
    if (!*verdict) co_return attempt.error(std::move(verdict->error()));
    co_return Result<>();
}

async::Task<Result<Created>> Simulated::build(Attempt& attempt, const Machine::Begun& begun) {
    const auto& times = machine_.settings().times;
    const auto takes = begun.behaviour.build_takes.value_or(times.build);
    if (auto passed = co_await pass(attempt, takes, begun.domid); !passed)
        co_return std::unexpected(std::move(passed).error());
    if (begun.behaviour.build_fails)
        co_return std::unexpected(Error{Reason::operation_failed,
                                        fmt::format("cannot {}: building it failed", attempt.what),
                                        {"simulated: the kernel command line has 'sim:build-fails'"}});
    co_return co_await finish(attempt, begun);
}

async::Task<Result<Created>> Simulated::finish(Attempt& attempt, const Machine::Begun& begun) {
    if (auto introduced = machine_.introduce(begun); !introduced)
        co_return std::unexpected(std::move(introduced).error());
    const auto end = co_await wait(attempt, {}, machine_.settings().takes(machine_.settings().times.devices));
    if (end == End::cancelled) co_return attempt.error(end);
    auto created = machine_.created(begun);
    if (!created)
        co_return fail(Reason::operation_failed, "cannot {}: somebody destroyed it meanwhile", attempt.what);
    co_return *std::move(created);
}

async::Task<> Simulated::abandon(const Machine::Begun& begun) {
    const Waiters::Place departure(departures_, begun.domid);
    Attempt attempt{.what = fmt::format("remove domid {}", begun.domid)};
    if (machine_.discard(begun)) co_await wait(attempt, departure.ended, limits::simulated_departure);
}

async::Task<Result<>> Simulated::destroy(DomId domid, Operation operation) {
    auto attempt = begin(OperationKind::destroy, fmt::format("destroy domid {}", domid), operation.cancel);
    std::ignore = machine_.pause(domid);  // as libxl does, whatever becomes of the rest
    if (auto passed = co_await pass(attempt, machine_.settings().times.command, domid); !passed)
        co_return passed;
    const Waiters::Place departure(departures_, domid);
    if (auto destroyed = machine_.destroy(domid); !destroyed) co_return destroyed;
    // One that stays dying for longer is not ours to help.
    const auto end = co_await wait(attempt, departure.ended, limits::simulated_departure);
    if (end == End::cancelled) co_return attempt.error(end);
    co_return Result<>();
}

// Commands and requests

async::Task<Result<>> Simulated::unpause(DomId domid, Operation operation) {
    return command(OperationKind::unpause, fmt::format("unpause domid {}", domid), domid, operation.cancel,
                   [this, domid] { return machine_.unpause(domid); });
}

async::Task<Result<>> Simulated::pause(DomId domid, Operation operation) {
    return command(OperationKind::pause, fmt::format("pause domid {}", domid), domid, operation.cancel,
                   [this, domid] { return machine_.pause(domid); });
}

async::Task<Result<>> Simulated::request_shutdown(DomId domid, hypervisor::ShutdownMethod method,
                                                  Operation operation) {
    auto attempt =
        begin(OperationKind::request_shutdown, fmt::format("shut down domid {}", domid), operation.cancel);
    if (method == hypervisor::ShutdownMethod::paravirtual)
        co_return co_await request(attempt, domid, StopReason::poweroff);

    if (auto passed = co_await pass(attempt, machine_.settings().times.command, domid); !passed)
        co_return passed;
    const auto definition = machine_.describe(domid);
    if (definition && definition->type != domain::GuestType::hvm)
        co_return fail(Reason::unsupported_operation, "cannot {}: only an HVM guest has an ACPI power button",
                       attempt.what);
    // A button is pressed; nobody says that he has noticed.
    co_return machine_.ask(domid, StopReason::poweroff);
}

async::Task<Result<>> Simulated::request_reboot(DomId domid, Operation operation) {
    auto attempt =
        begin(OperationKind::request_reboot, fmt::format("reboot domid {}", domid), operation.cancel);
    co_return co_await request(attempt, domid, StopReason::reboot);
}

async::Task<Result<>> Simulated::request(Attempt& attempt, DomId domid, StopReason wish) {
    if (auto passed = co_await pass(attempt, machine_.settings().times.command, domid); !passed)
        co_return passed;
    const Waiters::Place acknowledgement(acknowledgements_, domid);
    if (auto asked = machine_.ask(domid, wish); !asked) co_return asked;
    const auto end = co_await wait(attempt, acknowledgement.ended, limits::simulated_acknowledgement);
    if (end == End::done) co_return Result<>();
    // One that is only late stays with the guest, as it stays in xenstore: it may still be followed.
    if (end == End::cancelled && !machine_.withdraw(domid, wish)) co_return Result<>();
    co_return attempt.error(end);
}

}  // namespace virtlight::simulated
