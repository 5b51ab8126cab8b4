// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <functional>

#include "async/task.hpp"
#include "manager/core.hpp"

namespace virtlight::manager {

/// The jobs that change how much memory and how many vCPUs a domain has, and where these run. As
/// operations.hpp has it. All that is asked for is checked before anything is changed, and of the guest and
/// the definition both are changed or neither.
class Tuning {
 public:
    explicit Tuning(Core& core) : core_(core) {}

    async::Task<Result<>> set_memory(DomainRef domain, std::uint64_t memory_kib, Affects affects,
                                     hypervisor::Operation operation);
    async::Task<Result<>> set_memory_max(DomainRef domain, std::uint64_t memory_kib, Affects affects,
                                         hypervisor::Operation operation);
    async::Task<Result<>> set_vcpus(DomainRef domain, unsigned vcpus, Affects affects,
                                    hypervisor::Operation operation);
    async::Task<Result<>> set_vcpus_max(DomainRef domain, unsigned vcpus, Affects affects);
    async::Task<Result<>> pin_vcpu(DomainRef domain, unsigned vcpu, domain::CpuSet cpus, Affects affects,
                                   hypervisor::Operation operation);
    async::Task<Result<>> set_cpu_share(DomainRef domain, domain::CpuShare share, Affects affects,
                                        hypervisor::Operation operation);

 private:
    using Change = std::function<void(domain::Definition&)>;
    /// What is done to the guest.
    using Act = std::function<async::Task<Result<>>(hypervisor::DomId)>;

    async::Task<Result<>> carry_out(DomainRef domain, Affects affects, Change change, Act act);
    async::Task<Result<>> change_guest(DomainRef domain, hypervisor::LifeId life, Change change, Act act);

    Core& core_;
};

}  // namespace virtlight::manager
