// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "async/cancel.hpp"
#include "async/completion.hpp"
#include "async/scope.hpp"
#include "async/task.hpp"
#include "hypervisor/patience.hpp"
#include "manager/core.hpp"
#include "manager/job_queue.hpp"

namespace virtlight::manager {

/// Runs the jobs of all domains: each domain's in the order of its queue, those of different domains beside
/// one another. Each job ends once, within a bound for its turn and another for its work; what it failed with
/// says which operation on which domain it was. Jobs belong to the scope: whoever waits for one may go away.
class Jobs {
 public:
    /// What a job does. Fails with the bare reason. Owns what it uses; gets an operation to do it under.
    using Work = std::move_only_function<async::Task<Result<>>(hypervisor::Operation)>;

    /// The references must outlive every job.
    Jobs(Core& core, async::Scope& scope) : core_(core), scope_(scope) {}

    /// Queues the work when it is awaited, and ends with the job. too_many: the domain has too many waiting.
    /// Without a client it is the one whose call is being served, if one is.
    async::Task<Result<>> run(DomainRef domain, JobKind kind, Work work, std::string client = {});
    /// Queues the work, which has its turn however late; nobody waits for it, so its failure is logged.
    /// False: the queue is full, or the daemon stops.
    bool post(DomainRef domain, JobKind kind, Work work);

    /// Cancels the job that runs on the domain. invalid_state: there is none that can be, or not any more.
    Result<> abort(const Domain& domain);

    /// Ends all that wait, cancels all that run, refuses all that come.
    void stop();

 private:
    struct Job {
        JobId id;
        JobKind kind;
        DomainRef domain;
        Work work;
        std::string client;
        bool posted;
        Time asked;
        bool queued = false;
        async::TimerId turn{};  ///< ends the wait for it
        async::CancelSource cancel{};
        std::optional<Error> overruled{};  ///< why it was cancelled, if not for its deadline
        async::Completion<Result<>> done{};
    };
    using JobRef = std::shared_ptr<Job>;

    JobRef submit(DomainRef domain, JobKind kind, Work work, std::string client, bool posted);
    void bound_wait(Job& job);
    void pump(const DomainRef& domain);
    async::Task<> execute(JobRef job);
    static Error failure(const Job& job, Error why, const hypervisor::Patience& patience);
    void note_end(Domain& domain, const RunningJob& job, const Result<>& result);
    void withdraw(JobId id, Error why);
    void overrule(JobId id, Error why);

    Core& core_;
    async::Scope& scope_;
    std::map<JobId, JobRef> jobs_;  ///< all that wait or run
};

/// "cannot start domain 'web': ..."
Error refusal(JobKind kind, const std::string& name, Error why);

}  // namespace virtlight::manager
