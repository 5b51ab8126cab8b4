// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <optional>

#include "async/task.hpp"
#include "manager/core.hpp"

/// What the jobs on a domain do. Each runs in its turn, as the domain's only job, and fails with the bare
/// reason.
namespace virtlight::manager {

/// Those that change what is stored.
class Definitions {
 public:
    explicit Definitions(Core& core) : core_(core) {}

    async::Task<Result<>> define(DomainRef domain, domain::Definition definition);
    async::Task<Result<>> undefine(DomainRef domain);
    async::Task<Result<>> set_autostart(DomainRef domain, bool autostart);

 private:
    Core& core_;
};

/// Those that change what runs.
class Guests {
 public:
    explicit Guests(Core& core) : core_(core) {}

    /// With the stored definition.
    async::Task<Result<>> start(DomainRef domain, StartOptions options, hypervisor::Operation operation);
    async::Task<Result<>> create(DomainRef domain, domain::Definition definition, StartOptions options,
                                 hypervisor::Operation operation);
    async::Task<Result<>> suspend(DomainRef domain, hypervisor::Operation operation);
    async::Task<Result<>> resume(DomainRef domain, hypervisor::Operation operation);
    async::Task<Result<>> shutdown(DomainRef domain, std::optional<hypervisor::ShutdownMethod> method,
                                   hypervisor::Operation operation);
    async::Task<Result<>> reboot(DomainRef domain, hypervisor::Operation operation);
    /// A domain that has ended since this was asked for is no failure.
    async::Task<Result<>> destroy(DomainRef domain, domain::ShutoffReason reason,
                                  hypervisor::Operation operation);

    /// Destroys what a guest has left in this life, and starts it anew if that is to be. Does nothing if the
    /// life is over already.
    async::Task<Result<>> after_stop(DomainRef domain, hypervisor::LifeId life, Ending ending,
                                     hypervisor::Operation operation);
    /// The store need not remember the life that is over.
    async::Task<Result<>> forget(DomainRef domain);

 private:
    async::Task<Result<>> bring_up(DomainRef domain, StartOptions options, hypervisor::Operation operation);
    async::Task<Result<>> let_run(DomainRef domain, StartOptions options, hypervisor::Operation operation);
    async::Task<Result<>> tear_down(DomainRef domain);
    async::Task<Result<>> restart(DomainRef domain, Duration lived, hypervisor::Operation operation);
    async::Task<Result<>> remove_guest(DomainRef domain, hypervisor::Operation operation);

    Core& core_;
};

}  // namespace virtlight::manager
