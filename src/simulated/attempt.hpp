// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "async/cancel.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "simulated/faults.hpp"
#include "simulated/simulated.hpp"
#include "simulated/waiters.hpp"

namespace virtlight::simulated {

/// One operation on its way.
struct Simulated::Attempt {
    std::string what;  ///< "pause domid 3"
    async::CancelToken cancel;
    Fault fault;
    std::optional<Time> gives_up{};  ///< once it is cancelled: when it ends for that reason

    /// Why it did not come to its end.
    std::unexpected<Error> error(End end) const {
        switch (end) {
            case End::cancelled:
                return fail(Reason::cancelled, "cannot {}: the operation was cancelled", what);
            case End::domain_gone: return fail(Reason::no_domain, "cannot {}: the domain is gone", what);
            case End::time_over: return fail(Reason::timed_out, "cannot {}: no answer in time", what);
            case End::done: break;
        }
        return fail(Reason::internal, "cannot {}: it was done", what);
    }
    std::unexpected<Error> error(Error why) const {
        why.message = fmt::format("cannot {}: {}", what, why.message);
        return std::unexpected(std::move(why));
    }
};

/// What is done to the machine, or read of it, in one moment, when the time that a few calls of Xen take has
/// passed.
template <class Act>
async::Task<std::invoke_result_t<Act>> Simulated::command(OperationKind kind, std::string what, DomId domid,
                                                          async::CancelToken cancel, Act act) {
    auto attempt = begin(kind, std::move(what), std::move(cancel));
    if (auto passed = co_await pass(attempt, machine_.settings().times.command, domid); !passed)
        co_return std::unexpected(std::move(passed).error());
    co_return act();
}

}  // namespace virtlight::simulated
