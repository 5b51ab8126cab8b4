// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "async/blocking.hpp"
#include "async/scheduler.hpp"
#include "async/scope.hpp"
#include "async/task.hpp"
#include "base/result.hpp"
#include "manager/domain.hpp"

namespace virtlight::manager {

/// Writes down what happens to each domain: a file of its own, `<folder>/NAME.jsonl`, with one JSON object a
/// line, as docs/timeline.md describes. Bounded in every way: the file makes way for a new one, lines that
/// the disk does not take, or not in time, are counted and dropped, texts are cut, and so are the files of
/// domains that nobody has used for longest. Lives on the core thread, which never waits for it.
class Timeline {
 public:
    /// Where it is kept. Without one, nothing is.
    struct Writer {
        async::Blocking& blocking;
        std::filesystem::path folder;
    };
    explicit Timeline(async::Scheduler& scheduler) : scheduler_(scheduler) {}
    void keep(Writer writer) { writer_.emplace(std::move(writer)); }

    /// A job: has its turn, after it has waited; has come so far; is over.
    void begun(const Domain& domain, const RunningJob& job, Duration waited);
    void phase(const Domain& domain, std::string_view phase);
    void ended(const Domain& domain, const RunningJob& job, const Result<>& result);
    /// A job ended before it had its turn.
    void dropped(const Domain& domain, JobKind kind, const std::string& client, const Error& why);
    /// `domain` may be gone (null). What was only seen is the guest's or another tool's doing, and all else
    /// that of the job that has its turn.
    void told(const domain::Event& event, const Domain* domain);
    /// What was seen or decided without anybody asking.
    void note(const Domain& domain, std::string_view text);

    /// The writes that are under way.
    async::Scope& writes() { return scope_; }

 private:
    struct Pending {
        std::string text;
        std::size_t lines = 0;
        std::size_t lost = 0;
    };

    void put(const std::string& name, std::string_view line);
    std::size_t refused_lines(const std::string& name) const;
    void keep_count(const std::string& name, std::size_t lines);
    async::Task<> write_all();

    async::Scheduler& scheduler_;
    std::optional<Writer> writer_;
    std::map<std::string, Pending> pending_;  ///< by domain
    std::size_t waiting_ = 0;                 ///< lines in it
    bool writing_ = false;
    bool refused_ = false;                              ///< by the disk, the last time
    std::map<std::string, std::size_t> lines_refused_;  ///< by domain, since its last write that went well
    async::Scope scope_;
};

}  // namespace virtlight::manager
