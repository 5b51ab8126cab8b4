// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <deque>
#include <string>
#include <utility>

#include "async/scope.hpp"
#include "async/task.hpp"
#include "manager/core.hpp"
#include "manager/devices.hpp"
#include "manager/disk_sizes.hpp"
#include "manager/jobs.hpp"
#include "manager/manager.hpp"
#include "manager/operations.hpp"
#include "manager/reconciler.hpp"
#include "manager/renaming.hpp"
#include "manager/tuning.hpp"

namespace virtlight::manager {

/// What a manager is made of, and how its members, in several files, begin a job.
class Manager::Impl {
 public:
    Impl(async::Scheduler& scheduler, hypervisor::Hypervisor& hypervisor, Store& store)
        : core(scheduler, hypervisor, store),
          jobs(core, scope),
          definitions(core),
          guests(core),
          tuning(core),
          devices(core),
          renaming(core, jobs),
          disk_sizes(core),
          reconciler(core, jobs, guests, renaming) {
        core.events.subscribe([this](const domain::Event& event) {
            core.timeline.told(event, core.registry.find(event.uuid).get());
        });
    }

    Result<DomainRef> existing(Uuid uuid) const;
    /// The record of a domain that may be changed.
    Result<DomainRef> changeable(JobKind kind, Uuid uuid) const;
    Result<DomainRef> claim(JobKind kind, const domain::Definition& definition);

    /// A job on an existing domain. `work` gets the domain and the operation.
    template <class Work>
    async::Task<Result<>> change(JobKind kind, Uuid uuid, Work work);

    async::Task<Result<>> start(Uuid uuid, StartOptions options);
    async::Task<Result<>> attach_device(DomainRef domain, domain::Device device, Affects affects,
                                        hypervisor::Operation operation);
    async::Task<Result<>> detach_device(Uuid uuid, DeviceNamed named, Affects affects);
    /// Notes what a new definition names and the host has not.
    async::Task<> look_at_files(DomainRef domain);
    async::Task<> autostart(std::string boot);
    /// Starts one after the other until none is left.
    async::Task<> start_each(std::deque<Uuid>& uuids);
    /// The boot has come at which alone it was to be started, whatever has come of that.
    async::Task<> spend_autostart(Uuid uuid);
    async::Task<Result<>> set_autostart(Uuid uuid, Autostart at, bool autostart);

    Core core;
    async::Scope scope;
    async::Scope starting;  ///< domains that are started with the host
    async::Scope looks;     ///< at files, for which nothing waits
    async::Scope waiters;   ///< those that wait for the scope itself
    Jobs jobs;
    Definitions definitions;
    Guests guests;
    Tuning tuning;
    Devices devices;
    Renaming renaming;
    DiskSizes disk_sizes;
    Reconciler reconciler;
    std::string autostarted_in{};  ///< which boot of the host
    bool gave_up = false;
};

template <class Work>
async::Task<Result<>> Manager::Impl::change(JobKind kind, Uuid uuid, Work work) {
    const auto domain = changeable(kind, uuid);
    if (!domain) co_return std::unexpected(domain.error());
    Jobs::Work bound = [work = std::move(work), domain = *domain](hypervisor::Operation operation) mutable {
        return work(std::move(domain), std::move(operation));
    };
    co_return co_await jobs.run(*domain, kind, std::move(bound));
}

}  // namespace virtlight::manager
