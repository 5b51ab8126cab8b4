// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "async/event_loop.hpp"
#include "async/scope.hpp"
#include "hypervisor/port.hpp"
#include "libxl/machine.hpp"
#include "xenlight/xen_hypervisor.hpp"

namespace virtlight::fake {

/// An answer that may not have come yet.
template <class T>
using Pending = std::shared_ptr<std::optional<T>>;

/// The daemon's hypervisor, as it is, on the true libxl over a machine that the test plays. The test's thread
/// is the core.
class Host {
 public:
    Host();
    Host(const Host&) = delete;
    Host& operator=(const Host&) = delete;
    ~Host();

 private:
    /// Complains of every rule of libxl's that was broken, also by giving its contexts back.
    struct Rules {
        Rules();
        Rules(const Rules&) = delete;
        Rules& operator=(const Rules&) = delete;
        ~Rules();
    };
    Rules rules_;

 public:
    Machine machine;
    Xen& xen() { return machine.xen; }
    XenstoreServer& xenstore() { return machine.xenstore; }
    Guests& guests() { return machine.guests; }

    async::EventLoop& core() { return core_; }
    hypervisor::Hypervisor& hypervisor() { return *hypervisor_; }

    /// Runs the core until `happened` says so; false if it does not within the bound.
    bool until(const std::function<bool()>& happened, Duration bound = seconds(20));

    /// A wish to stop all that is asked of the hypervisor in this test; taken when it ends.
    hypervisor::Operation operation() { return {.id = ids_.next(), .cancel = all_.token()}; }
    /// One that can be stopped alone.
    hypervisor::Operation operation(const async::CancelSource& stop) {
        return {.id = ids_.next(), .cancel = stop.token()};
    }

    /// Starts what a member of the hypervisor returns.
    template <class T>
    Pending<T> start(async::Task<T> task) {
        auto pending = std::make_shared<std::optional<T>>();
        scope_.spawn(keep(std::move(task), pending));
        return pending;
    }
    /// Runs it to its end.
    template <class T>
    T finish(const Pending<T>& pending) {
        if (!until([&] { return pending->has_value(); }))
            return fail(Reason::internal, "the operation does not end");
        return **pending;
    }
    template <class T>
    T run(async::Task<T> task) {
        return finish(start(std::move(task)));
    }

    /// A definition that can be created here.
    domain::Definition definition(domain::GuestType type = domain::GuestType::pv);
    /// A guest made by the hypervisor, which runs; 0 if it cannot be had.
    unsigned running(const domain::Definition& definition);

 private:
    template <class T>
    static async::Task<> keep(async::Task<T> task, Pending<T> pending) {
        auto value = co_await std::move(task);
        pending->emplace(std::move(value));
    }

    async::EventLoop core_{"core"};
    async::Scope scope_;
    async::CancelSource all_;
    IdSource<hypervisor::OperationTag> ids_;
    std::unique_ptr<xenlight::XenHypervisor> hypervisor_;
    unsigned definitions_ = 0;
};

}  // namespace virtlight::fake
