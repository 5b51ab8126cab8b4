// SPDX-License-Identifier: LGPL-2.1-or-later
#include "manager/jobs.hpp"

#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "async/timing.hpp"
#include "base/limits.hpp"
#include "base/log.hpp"

namespace virtlight::manager {
namespace {

Error daemon_stops() {
    return {Reason::cancelled, "the daemon is stopping"};
}

Error overtaken_by(JobKind kind) {
    if (kind == JobKind::destroy) return {Reason::cancelled, "the domain was destroyed meanwhile"};
    return {Reason::invalid_state, "the guest has stopped meanwhile"};
}

Error out_of_time(const hypervisor::Patience& patience) {
    return {Reason::timed_out, patience.in_words()};
}

std::optional<RunningJob>& slot(Domain& domain, JobKind kind) {
    return rules(kind).asks == JobRules::Asks::guest_only ? domain.request : domain.job;
}

/// The hypervisor's sentences say for themselves what could not be done, of a domid or in words of libxl's; a
/// client is told once, in its own.
std::string_view cause(std::string_view sentence) {
    const auto colon = sentence.find(": ");
    if (!sentence.starts_with("cannot ") || colon == sentence.npos) return sentence;
    return sentence.substr(colon + 2);
}

}  // namespace

Error refusal(JobKind kind, const std::string& name, Error why) {
    why.message = fmt::format("cannot {} domain '{}': {}", rules(kind).verb, name, cause(why.message));
    return why;
}

async::Task<Result<>> Jobs::run(DomainRef domain, JobKind kind, Work work, std::string client) {
    if (client.empty()) client = core_.client;
    const auto job = submit(std::move(domain), kind, std::move(work), std::move(client), false);
    co_return co_await job->done;
}

bool Jobs::post(DomainRef domain, JobKind kind, Work work) {
    return submit(std::move(domain), kind, std::move(work), {}, true)->queued;
}

Jobs::JobRef Jobs::submit(DomainRef domain, JobKind kind, Work work, std::string client, bool posted) {
    auto job = std::make_shared<Job>(Job{core_.operations.next(), kind, domain, std::move(work),
                                         std::move(client), posted, core_.scheduler.now()});
    const auto refuse = [&](Error why) {
        auto refused = refusal(kind, domain->name, std::move(why));
        core_.timeline.dropped(*domain, kind, job->client, refused);
        core_.release(domain);
        job->done.set(std::unexpected(std::move(refused)));
        return job;
    };
    if (core_.stopping) return refuse(daemon_stops());
    const auto arrival = domain->queue.add(job->id, kind);
    if (!arrival) {
        const auto waiting = domain->queue.waiting();
        return refuse(
            {Reason::too_many,
             fmt::format("{} operations on it wait already; virtlight jobs tells for what", waiting)});
    }
    jobs_.emplace(job->id, job);
    job->queued = true;
    if (!posted) bound_wait(*job);
    // Whoever waits for a job is resumed as it ends and may come back here: nothing is kept across that.
    for (const auto id : arrival->ended)
        withdraw(id, {Reason::invalid_state, "the domain is being destroyed"});
    for (const auto id : arrival->overtaken)
        overrule(id, overtaken_by(kind));
    pump(domain);
    return job;
}

void Jobs::bound_wait(Job& job) {
    const auto due = core_.scheduler.now() + limits::turn_wait;
    job.turn = core_.scheduler.call_at(due, [this, id = job.id] {
        withdraw(id,
                 {Reason::timed_out,
                  fmt::format("its turn has not come within {} s; virtlight jobs tells what is done first",
                              limits::turn_wait.count())});
    });
}

void Jobs::pump(const DomainRef& domain) {
    while (const auto id = domain->queue.next()) {
        auto job = jobs_.at(*id);
        core_.scheduler.cancel(job->turn);
        scope_.spawn(execute(std::move(job)));
    }
}

async::Task<> Jobs::execute(JobRef job) {
    const auto kind = job->kind;
    const auto progress = std::make_shared<hypervisor::Progress>();
    const async::CancelSource late;
    const hypervisor::Patience patience(core_.scheduler, {rules(kind).deadline, rules(kind).silence},
                                        progress, late);
    async::TimerId grace_over{};
    const auto cut_short = late.token().on_cancel([&] {
        // Should a layer below not end when it is cancelled, it keeps the domain's turn, but not the caller.
        grace_over = core_.scheduler.call_at(
            core_.scheduler.now() + limits::cancel_grace, [job, why = out_of_time(patience)]() mutable {
                job->done.set(std::unexpected(refusal(job->kind, job->domain->name, std::move(why))));
            });
        // This may end the job, and what is here with it.
        auto cancel = job->cancel;
        cancel.cancel();
    });

    const auto now = core_.scheduler.now();
    auto& shown = slot(*job->domain, kind);
    shown = {job->id, kind, now, progress, job->client, false, patience.due()};
    core_.timeline.begun(*job->domain, *shown, now - job->asked);
    const hypervisor::Operation operation{job->id, job->cancel.token(), progress};
    auto result = co_await job->work(operation);

    core_.scheduler.cancel(grace_over);
    if (!result) result = std::unexpected(failure(*job, std::move(result.error()), patience));
    note_end(*job->domain, *slot(*job->domain, kind), result);
    slot(*job->domain, kind).reset();
    job->domain->queue.finish(job->id);
    jobs_.erase(job->id);
    core_.release(job->domain);
    job->done.set(std::move(result));
    pump(job->domain);
}

/// The failure as it is told. Of a job that was cut short whoever did that says why; and nobody hears of one
/// that was posted, unless it is logged.
Error Jobs::failure(const Job& job, Error why, const hypervisor::Patience& patience) {
    if (why.reason == Reason::cancelled && job.overruled)
        why = *job.overruled;
    else if (why.reason == Reason::cancelled && patience.passed())
        why = out_of_time(patience);
    auto told = refusal(job.kind, job.domain->name, std::move(why));
    if (job.posted && told.reason != Reason::cancelled) log::error("{}", told.message);
    return told;
}

/// What is told of its end is its doing, too: it has its turn until then.
void Jobs::note_end(Domain& domain, const RunningJob& job, const Result<>& result) {
    core_.timeline.ended(domain, job, result);
    // Nobody has asked for the core that is kept of a guest that has crashed, so nobody is told of it.
    if (job.progress->bytes_all == 0 || job.kind == JobKind::after_stop) return;
    auto ended = report(job, core_.scheduler.now());
    using enum JobReport::State;
    ended.state = completed;
    ended.left.reset();
    if (result) {
        ended.phase = {};
    } else {
        ended.state = result.error().reason == Reason::cancelled ? cancelled : failed;
        ended.problem = result.error().message;
    }
    domain.last_job = ended;
    core_.tell(domain, domain::JobEnded{std::move(ended)});
}

Result<> Jobs::abort(const Domain& domain) {
    const auto* const job = current_job(domain);
    if (!job) return fail(Reason::invalid_state, "no job is active on domain '{}'", domain.name);
    const auto& its = rules(job->kind);
    if (!its.on_guest || its.precedence > 0)
        return fail(Reason::invalid_state, "cannot abort: {} domain '{}' is not to be cut short", its.verb,
                    domain.name);
    if (job->to_be_finished)
        return fail(Reason::invalid_state,
                    "cannot abort: {} domain '{}' is not to be cut short any more, as its guest is removed",
                    its.verb, domain.name);
    overrule(job->id, {Reason::cancelled, "it was aborted by a client"});
    return {};
}

void Jobs::withdraw(JobId id, Error why) {
    const auto taken = jobs_.extract(id);
    if (!taken) return;
    const auto& job = taken.mapped();
    core_.scheduler.cancel(job->turn);
    job->domain->queue.withdraw(id);
    auto refused = refusal(job->kind, job->domain->name, std::move(why));
    core_.timeline.dropped(*job->domain, job->kind, job->client, refused);
    core_.release(job->domain);
    job->done.set(std::unexpected(std::move(refused)));
    // It may have been in the way of one that may run beside a request.
    if (!core_.stopping) pump(job->domain);
}

void Jobs::overrule(JobId id, Error why) {
    const auto found = jobs_.find(id);
    if (found == jobs_.end()) return;
    const auto job = found->second;
    if (!job->overruled) job->overruled = std::move(why);
    job->cancel.cancel();
}

void Jobs::stop() {
    core_.stopping = true;
    std::vector<JobId> waiting;
    std::vector<JobId> running;
    for (const auto& [id, job] : jobs_)
        (job->domain->queue.withdraw(id) ? waiting : running).push_back(id);
    for (const auto id : waiting)
        withdraw(id, daemon_stops());
    for (const auto id : running)
        overrule(id, daemon_stops());
}

}  // namespace virtlight::manager
