// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "async/blocking.hpp"
#include "async/scope.hpp"
#include "async/virtual_loop.hpp"
#include "simulated/simulated.hpp"

namespace virtlight::simulated {

inline domain::Definition guest_named(std::string name, std::string words = {}) {
    return {.name = std::move(name),
            .uuid = Uuid::random(),
            .memory_max_kib = 64 * 1024,
            .memory_kib = 64 * 1024,
            .boot = {.kernel = "/proc/self/exe", .cmdline = std::move(words)}};
}

inline std::optional<hypervisor::DomainSeen> find_domid(const hypervisor::Snapshot& snapshot, DomId domid) {
    const auto found = std::ranges::find(snapshot.domains, domid, &hypervisor::DomainSeen::domid);
    return found == snapshot.domains.end() ? std::nullopt : std::optional(*found);
}

/// A simulated machine with its daemon's side, in virtual time.
struct World {
    explicit World(Settings settings = {}) : machine(loop, std::move(settings)) {}
    ~World() {
        all.cancel();
        loop.run_until([this] { return scope.in_flight() == 0; });
    }

    /// Starts an operation; what it ends with appears in the result.
    template <class T>
    std::shared_ptr<std::optional<T>> start(async::Task<T> task) {
        auto pending = std::make_shared<std::optional<T>>();
        scope.spawn(keep(std::move(task), pending));
        return pending;
    }
    /// Runs an operation to its end.
    template <class T>
    T end_of(async::Task<T> task) {
        const auto pending = start(std::move(task));
        if (!loop.run_until([&] { return pending->has_value(); }))
            return fail(Reason::internal, "the operation does not end");
        return std::move(**pending);
    }
    hypervisor::Operation operation() { return {.cancel = all.token()}; }

    async::VirtualLoop loop;
    async::BlockingInline blocking{loop};
    Machine machine;
    Simulated simulated{machine, loop, blocking};
    async::CancelSource all;
    async::Scope scope;

 private:
    template <class T>
    static async::Task<> keep(async::Task<T> task, std::shared_ptr<std::optional<T>> pending) {
        auto result = co_await std::move(task);
        pending->emplace(std::move(result));
    }
};

}  // namespace virtlight::simulated
