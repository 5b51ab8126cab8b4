// SPDX-License-Identifier: LGPL-2.1-or-later
#include <utility>

#include "base/log.hpp"
#include "manager/manager_impl.hpp"

/// What is likely to keep a domain from starting, or will not be as its definition says. It is no reason to
/// refuse that: the file, the processor or the host may be yet to come.
namespace virtlight::manager {
namespace {

using hypervisor::HostFacts;

struct OfType {
    domain::GuestType type;
    std::string_view name;
    bool HostFacts::* runs;
};
constexpr OfType guest_types[] = {{domain::GuestType::pv, "PV", &HostFacts::has_pv},
                                  {domain::GuestType::pvh, "PVH", &HostFacts::has_pvh},
                                  {domain::GuestType::hvm, "HVM", &HostFacts::has_hvm}};

/// What this host cannot do for the guest.
std::vector<std::string> beyond_the_host(const domain::Definition& definition, const HostFacts& host) {
    std::vector<std::string> warnings;
    for (const auto& [type, name, runs] : guest_types)
        if (type == definition.type && !(host.*runs))
            warnings.push_back(fmt::format("this host runs no {} guests", name));
    if (definition.type != domain::GuestType::hvm || host.has_iommu) return warnings;
    for (const auto& device : definition.pci_devices)
        warnings.push_back(
            fmt::format("PCI device {} cannot be given to an HVM guest: this host has no IOMMU that Xen uses",
                        to_string(device.address)));
    return warnings;
}

/// Nothing sets the address of a network card that is handed to a guest.
std::vector<std::string> unset_addresses(const domain::Definition& definition) {
    std::vector<std::string> warnings;
    for (const auto& device : definition.pci_devices)
        if (device.mac)
            warnings.push_back(fmt::format(
                "MAC address {} is not set on PCI device {}, which keeps the one that it has: set it there",
                to_string(*device.mac), to_string(device.address)));
    return warnings;
}

/// The last processor that a set names and that the host does not have online.
void check_cpus(std::vector<std::string>& warnings, std::string_view what, const domain::CpuSet& cpus,
                const domain::CpuSet& online) {
    for (auto cpu = cpus.end(); cpu-- > 0;) {
        if (!cpus.contains(cpu) || online.contains(cpu)) continue;
        warnings.push_back(
            fmt::format("{} names processor {}, and the host has {} online", what, cpu, online.format()));
        return;
    }
}

std::vector<std::string> absent_cpus(const domain::Definition& definition, const domain::CpuSet& online) {
    std::vector<std::string> warnings;
    check_cpus(warnings, "the cpuset of <vcpu>", definition.cpu_tuning.cpus, online);
    for (const auto& [vcpu, cpus] : definition.cpu_tuning.pins)
        check_cpus(warnings, fmt::format("the <vcpupin> of vCPU {}", vcpu), cpus, online);
    return warnings;
}

}  // namespace

async::Task<> Manager::Impl::look_at_files(DomainRef domain) {
    if (!domain->stored) co_return;
    const auto definition = *domain->stored;
    auto missing = co_await core.hypervisor.missing_files(definition);
    // Another one may have come meanwhile, and is looked at, too.
    if (!domain->stored || *domain->stored != definition) co_return;
    const auto& host = core.hypervisor.host();
    domain->warnings.clear();
    const auto add = [&](const std::vector<std::string>& warnings) {
        domain->warnings.insert(domain->warnings.end(), warnings.begin(), warnings.end());
    };
    add(beyond_the_host(definition, host));
    add(absent_cpus(definition, host.online_cpus()));
    add(unset_addresses(definition));
    if (!missing) missing = std::vector{"its files cannot be looked at: " + missing.error().message};
    add(*missing);
    for (const auto& warning : domain->warnings) {
        log::warning("domain '{}': {}", domain->name, warning);
        core.timeline.note(*domain, "warning: " + warning);
    }
}

Result<std::vector<std::string>> Manager::warnings(Uuid uuid) const {
    const auto domain = impl_->existing(uuid);
    if (!domain) return std::unexpected(domain.error());
    auto warnings = (*domain)->warnings;
    if ((*domain)->life && (*domain)->life->model_ended) warnings.emplace_back(model_ended_words);
    return warnings;
}

}  // namespace virtlight::manager
