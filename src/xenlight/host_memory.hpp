// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "async/cancel.hpp"
#include "async/scheduler.hpp"
#include "async/task.hpp"
#include "async/turns.hpp"
#include "base/result.hpp"
#include "xenlight/ballooning.hpp"
#include "xenlight/builds.hpp"
#include "xenlight/context_thread.hpp"

namespace virtlight::xenlight {

/// The host's memory, and who gets it. Each build finds its own in turn, so that no two count the same.
class HostMemory {
 public:
    /// All must outlive this. Nothing is asked of `thread` that takes more than a moment.
    HostMemory(async::Scheduler& core, const Builds& builds, ContextThread& thread)
        : core_(core), builds_(builds), thread_(thread), turns_(core) {}

    /// Whether dom0 is asked for what is missing.
    void let_dom0_give(bool gives) { dom0_gives_ = gives; }

    /// Ends when so much memory is free beside what other builds have been promised, and promises it to this
    /// one. When it fails or is cancelled, dom0 is let have again what it was asked for. `what` is for
    /// errors: "start domain 'one'".
    async::Task<Result<>> promise(std::shared_ptr<Build> build, std::uint64_t needed_kib, std::string what,
                                  async::CancelToken cancel);

 private:
    async::Task<Result<>> find(std::shared_ptr<Build> build, Ballooning& ballooning, std::string what,
                               async::CancelToken cancel);
    async::Task<Result<MemorySeen>> look(std::shared_ptr<Build> build, std::string what);
    /// Less than nothing: it is to give.
    async::Task<Result<>> let_dom0_have(std::int64_t more_kib, std::string what);

    async::Scheduler& core_;
    const Builds& builds_;
    ContextThread& thread_;
    async::Turns turns_;
    bool dom0_gives_ = false;
};

}  // namespace virtlight::xenlight
