// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "async/scope.hpp"
#include "async/virtual_loop.hpp"
#include "base/log.hpp"
#include "manager/fake_hypervisor.hpp"
#include "manager/manager.hpp"
#include "manager/memory_store.hpp"
#include "manager/story.hpp"

namespace virtlight::manager {

/// A definition whose uuid follows from its name.
domain::Definition guest_named(const std::string& name);

/// A host with a daemon's manager on it, in virtual time.
class World {
 public:
    World();
    ~World();

    /// Ends the manager as the daemon does and starts another one over the same host and store.
    void restart();
    /// As restart(), but the first start has yet to come: for what the daemon finds there.
    explicit World(std::nullopt_t);
    void start_up();
    /// What a test does with each manager before it starts up.
    std::function<void()> prepare = [] {};

    template <class T>
    using Pending = std::shared_ptr<std::optional<T>>;
    /// Begins an operation; what it ends with appears in the result.
    template <class T>
    Pending<T> begin(async::Task<T> task) {
        auto pending = std::make_shared<std::optional<T>>();
        scope.spawn(keep(std::move(task), pending));
        return pending;
    }
    /// Runs an operation to its end.
    template <class T>
    T end_of(async::Task<T> task) {
        return end_of(begin(std::move(task)));
    }
    template <class T>
    T end_of(const Pending<T>& pending) {
        if (!loop.run_until([&] { return pending->has_value(); }, std::chrono::hours(2)))
            return fail(Reason::internal, "the operation does not end");
        return **pending;
    }
    /// Runs whatever needs no time.
    void settle() { loop.run_for(milliseconds(1)); }
    /// Until the next regular look has been taken in.
    void look() { loop.run_for(milliseconds(1100)); }

    /// The events since the last call.
    std::vector<std::string> events() { return std::exchange(events_, {}); }

    DomainInfo info(const domain::Definition& guest) { return manager->find(guest.uuid).value(); }
    bool exists(const domain::Definition& guest) { return manager->find(guest.uuid).has_value(); }
    hypervisor::DomId domid(const domain::Definition& guest) {
        return static_cast<hypervisor::DomId>(info(guest).domid);
    }
    domain::Definition defined(const std::string& name);
    /// Defined and running.
    domain::Definition running(const std::string& name);
    domain::Definition running(const domain::Definition& guest);

    async::VirtualLoop loop;
    MemoryStore store{loop};
    FakeHypervisor xen{loop};
    async::Scope scope;
    std::unique_ptr<Manager> manager;
    std::string boot = "a boot of the host";

 private:
    template <class T>
    static async::Task<> keep(async::Task<T> task, Pending<T> pending) {
        auto result = co_await std::move(task);
        pending->emplace(std::move(result));
    }
    void stop();

    Manager::Subscription subscription_;
    std::vector<std::string> events_;
};

}  // namespace virtlight::manager
