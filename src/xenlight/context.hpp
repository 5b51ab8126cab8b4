// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "async/scheduler.hpp"
#include "base/uuid.hpp"
#include "hypervisor/port.hpp"
#include "xenlight/children.hpp"
#include "xenlight/deaths.hpp"
#include "xenlight/handle.hpp"
#include "xenlight/lifeline.hpp"
#include "xenlight/operation_log.hpp"
#include "xenlight/operations.hpp"
#include "xenlight/os_events.hpp"
#include "xenlight/xenstore.hpp"

namespace virtlight::xenlight {

/// One libxl context and what serves it: its log, hooks, children, operations, death events, and a connection
/// to xenstored beside it. Made, used and destroyed on one thread; the loop is that thread's.
class Context {
 public:
    static Result<std::unique_ptr<Context>> open(async::FdScheduler& loop, std::string name);
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;
    /// Cuts everything off from the loop. A libxl context that broke down or has operations in flight cannot
    /// be freed; it is left behind.
    ~Context();

    const std::string& name() const { return name_; }

    /// Runs `call(libxl_ctx*)`.
    template <class Call>
    auto enter(Call&& call) {
        return handle_.enter(std::forward<Call>(call));
    }
    /// Runs a call that returns 0 or an ERROR_* number. The error names `what`, as error_of() does.
    template <class Call>
    Result<> attempt(std::string_view what, std::optional<hypervisor::DomId> domid, Call&& call) {
        const auto record = log_.begin(domid);
        const int rc = enter(std::forward<Call>(call));
        auto lines = log_.end(record);
        if (rc == 0) return {};
        return std::unexpected(error_of({.rc = rc, .lines = std::move(lines)}, what));
    }

    /// What Xen says of a domain. no_domain. The error names `what`.
    Result<> read_info(std::string_view what, hypervisor::DomId domid, DomainInfo& info);

    /// Whether this domain is there and not about to end: a domid may name another one by now. The error
    /// names `what`.
    Result<bool> has(std::string_view what, hypervisor::DomId domid, const Uuid& uuid);

    Operations& operations() { return operations_; }
    Deaths& deaths() { return deaths_; }
    Xenstore& xenstore() { return xenstore_; }

    /// Calls `happened` when libxl reports something about a domain that is followed. It is called inside
    /// libxl and may only note the fact.
    void on_domain_event(std::function<void(hypervisor::LifeId)> happened) {
        happened_ = std::move(happened);
    }
    /// Calls `broke` once when this context is of no more use; outside libxl, but not to destroy the context.
    void on_break_down(std::function<void()> broke) { broke_ = std::move(broke); }

    /// Marks the context as of no more use and fails its operations. Not inside libxl.
    void break_down(std::string_view why);
    /// Why the context is of no more use, once it is not.
    const std::optional<Error>& broken() const { return broken_; }

 private:
    Context(async::FdScheduler& loop, std::string name);
    Result<> set_up();

    static void event_occurs(void* self, libxl_event* event) noexcept;
    static void disaster(void* self, libxl_event_type type, const char* message, int errno_value) noexcept;
    static const libxl_event_hooks hooks;

    void libxl_left();

    async::FdScheduler& loop_;
    std::string name_;
    OperationLog log_;
    Handle handle_;
    std::optional<OsEvents> os_events_;
    std::optional<Children> children_;
    std::optional<Lifeline> lifeline_;
    Operations operations_;
    Deaths deaths_;
    Xenstore xenstore_;
    std::function<void(hypervisor::LifeId)> happened_;
    std::function<void()> broke_;
    std::optional<std::string> disaster_;  ///< noted inside libxl, acted upon outside
    std::optional<Error> broken_;
};

}  // namespace virtlight::xenlight
