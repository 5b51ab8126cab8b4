// SPDX-License-Identifier: LGPL-2.1-or-later
#include <utility>

#include "base/log.hpp"
#include "manager/manager_impl.hpp"

/// What is likely to keep a domain from starting. It is no reason to refuse its definition: the file, the
/// processor or the host may be yet to come.
namespace virtlight::manager {
namespace {

/// The last processor that a set names and the host has not.
void check_cpus(std::vector<std::string>& warnings, std::string_view what, const domain::CpuSet& cpus,
                unsigned there) {
    if (cpus.end() > there)
        warnings.push_back(
            fmt::format("{} names processor {}, and the host has {}", what, cpus.end() - 1, there));
}

std::vector<std::string> absent_cpus(const domain::Definition& definition, unsigned there) {
    std::vector<std::string> warnings;
    check_cpus(warnings, "the cpuset of <vcpu>", definition.cpu_tuning.cpus, there);
    for (const auto& [vcpu, cpus] : definition.cpu_tuning.pins)
        check_cpus(warnings, fmt::format("the <vcpupin> of vCPU {}", vcpu), cpus, there);
    return warnings;
}

}  // namespace

async::Task<> Manager::Impl::look_at_files(DomainRef domain) {
    if (!domain->stored) co_return;
    const auto definition = *domain->stored;
    auto missing = co_await core.hypervisor.missing_files(definition);
    // Another one may have come meanwhile, and is looked at, too.
    if (!domain->stored || *domain->stored != definition) co_return;
    domain->warnings = absent_cpus(definition, core.hypervisor.host().cpus);
    if (!missing) missing = std::vector{"its files cannot be looked at: " + missing.error().message};
    domain->warnings.insert(domain->warnings.end(), missing->begin(), missing->end());
    for (const auto& warning : domain->warnings) {
        log::warning("domain '{}': {}", domain->name, warning);
        core.timeline.note(*domain, "warning: " + warning);
    }
}

Result<std::vector<std::string>> Manager::warnings(Uuid uuid) const {
    const auto domain = impl_->existing(uuid);
    if (!domain) return std::unexpected(domain.error());
    return (*domain)->warnings;
}

}  // namespace virtlight::manager
