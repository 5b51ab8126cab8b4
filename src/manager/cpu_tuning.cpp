// SPDX-License-Identifier: LGPL-2.1-or-later
#include <utility>

#include "manager/affects.hpp"
#include "manager/manager_impl.hpp"
#include "manager/tuning.hpp"

/// Where a domain's vCPUs run, and how much they get.
namespace virtlight::manager {

using async::Task;
using domain::CpuSet;
using domain::CpuShare;
using domain::Definition;
using hypervisor::DomId;
using hypervisor::Operation;

namespace {

Result<> check_vcpu(const Definition& definition, unsigned vcpu) {
    if (vcpu < definition.vcpus_max) return {};
    return fail(Reason::invalid_argument, "vcpu {} is out of range: the domain has {}", vcpu,
                definition.vcpus_max);
}

Result<> check_share(const CpuShare& share) {
    if (share.weight && (*share.weight < 1 || *share.weight > CpuShare::weight_most))
        return fail(Reason::invalid_argument, "weight must be from 1 to {}, not {}", CpuShare::weight_most,
                    *share.weight);
    if (share.cap.value_or(0) > CpuShare::cap_most)
        return fail(Reason::invalid_argument, "cap must be from 0 to {} percent, not {}", CpuShare::cap_most,
                    *share.cap);
    return {};
}

}  // namespace

Task<Result<>> Tuning::pin_vcpu(DomainRef domain, unsigned vcpu, CpuSet cpus, Affects asked,
                                Operation operation) {
    if (cpus.empty())
        co_return fail(Reason::invalid_argument, "a vCPU must run somewhere: no processor is set");
    const auto affects = settle(*domain, asked);
    if (!affects) co_return std::unexpected(affects.error());
    if (affects->guest)
        if (auto good = check_vcpu(domain->life->definition, vcpu); !good) co_return good;
    if (affects->definition)
        if (auto good = check_vcpu(*domain->stored, vcpu); !good) co_return good;

    const auto change = [vcpu, cpus](Definition& definition) { definition.cpu_tuning.pins[vcpu] = cpus; };
    Act act = [this, vcpu, cpus, operation](DomId domid) {
        return core_.hypervisor.pin_vcpu(domid, vcpu, cpus, operation);
    };
    co_return co_await carry_out(domain, *affects, change, std::move(act));
}

Task<Result<>> Tuning::set_cpu_share(DomainRef domain, CpuShare share, Affects asked, Operation operation) {
    if (auto good = check_share(share); !good) co_return good;
    const auto affects = settle(*domain, asked);
    if (!affects) co_return std::unexpected(affects.error());
    const auto change = [share](Definition& definition) {
        auto& has = definition.cpu_tuning.share;
        if (share.weight) has.weight = share.weight;
        if (share.cap) has.cap = *share.cap == 0 ? std::nullopt : share.cap;
    };
    Act act = [this, share, operation](DomId domid) {
        return core_.hypervisor.set_cpu_share(domid, share, operation);
    };
    co_return co_await carry_out(domain, *affects, change, std::move(act));
}

Task<Result<>> Manager::pin_vcpu(Uuid uuid, unsigned vcpu, CpuSet cpus, Affects affects) {
    return impl_->change(
        JobKind::pin_vcpu, uuid,
        [impl = impl_.get(), vcpu, cpus = std::move(cpus), affects](DomainRef domain, Operation operation) {
            return impl->tuning.pin_vcpu(std::move(domain), vcpu, cpus, affects, std::move(operation));
        });
}

Task<Result<>> Manager::set_cpu_share(Uuid uuid, CpuShare share, Affects affects) {
    return impl_->change(JobKind::set_cpu_share, uuid,
                         [impl = impl_.get(), share, affects](DomainRef domain, Operation operation) {
                             return impl->tuning.set_cpu_share(std::move(domain), share, affects,
                                                               std::move(operation));
                         });
}

Task<Result<std::string>> Manager::scheduler(Uuid uuid) {
    const auto domain = impl_->existing(uuid);
    if (!domain) co_return std::unexpected(domain.error());
    if (!(*domain)->life) co_return host().scheduler;
    co_return co_await impl_->core.hypervisor.scheduler((*domain)->life->domid);
}

Task<Result<CpuShare>> Manager::cpu_share(Uuid uuid) {
    const auto domain = impl_->existing(uuid);
    if (!domain) co_return std::unexpected(domain.error());
    if (!(*domain)->life)
        co_return fail(Reason::invalid_state, "domain '{}' is not running", (*domain)->name);
    co_return co_await impl_->core.hypervisor.cpu_share((*domain)->life->domid);
}

Task<Result<domain::CpuSet>> Manager::memory_nodes(Uuid uuid) {
    const auto domain = impl_->existing(uuid);
    if (!domain) co_return std::unexpected(domain.error());
    if (!(*domain)->life)
        co_return fail(Reason::invalid_state, "domain '{}' is not running", (*domain)->name);
    co_return co_await impl_->core.hypervisor.memory_nodes((*domain)->life->domid);
}

}  // namespace virtlight::manager
