// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "simulated/machine.hpp"

namespace virtlight::simulated {

Result<> Machine::inject_nmi(DomId domid) {
    const auto domain = guest(domid, "inject an NMI into");
    if (!domain) return std::unexpected(domain.error());
    if (obliges(**domain))
        for (const auto& console : (*domain)->consoles)
            console->print("simulated guest: NMI received\r\n");
    return {};
}

Result<> Machine::send_keys(DomId domid, const hypervisor::KeyPress& press) {
    const auto domain = guest(domid, "send keys to");
    if (!domain) return std::unexpected(domain.error());
    if ((*domain)->definition.type != domain::GuestType::hvm)
        return fail(Reason::operation_failed, "cannot send keys to domid {}: it has no device model", domid);
    if (!obliges(**domain)) return {};
    std::string keys;
    for (const auto key : press.keys)
        keys += fmt::format(" {}", key);
    for (const auto& console : (*domain)->consoles)
        console->print(fmt::format("simulated guest: keys{}\r\n", keys));
    return {};
}

Result<> Machine::send_sysrq(DomId domid, char key) {
    const auto domain = guest(domid, "send SysRq to");
    if (!domain) return std::unexpected(domain.error());
    if (obliges(**domain))
        for (const auto& console : (*domain)->consoles)
            console->print(fmt::format("simulated guest: SysRq {}\r\n", key));
    return {};
}

/// Whether the guest does what Xen asks for.
bool Machine::obliges(const Domain& domain) {
    return !domain.paused && !domain.guest.stopped() && !domain.guest.behaviour().frozen;
}

Result<> Machine::set_memory(DomId domid, std::uint64_t memory_kib) {
    constexpr std::uint64_t host_least_kib = 128 * 1024;  // as libxl has it
    const auto domain = guest_or_host(domid, "set the memory of");
    if (!domain) return std::unexpected(domain.error());
    if (domid == 0 && memory_kib < host_least_kib)
        return fail(Reason::operation_failed, "cannot set the memory of domid 0: it keeps {} KiB",
                    host_least_kib);
    if (memory_kib > (*domain)->memory_built_kib)
        return fail(Reason::invalid_argument,
                    "cannot set the memory of domid {}: the guest was built for at most {} KiB", domid,
                    (*domain)->memory_built_kib);
    (*domain)->memory_asked_kib = memory_kib;
    if (!obliges(**domain)) return {};
    auto& has = (*domain)->definition.memory_kib;
    const auto gets = std::min(memory_kib, has + memory_free_kib_);
    memory_free_kib_ = memory_free_kib_ + has - gets;
    has = gets;
    return {};
}

Result<> Machine::set_memory_max(DomId domid, std::uint64_t memory_kib) {
    const auto domain = guest_or_host(domid, "set the maximum memory of");
    if (!domain) return std::unexpected(domain.error());
    if (memory_kib > (*domain)->memory_built_kib)
        return fail(Reason::invalid_argument,
                    "cannot set the maximum memory of domid {}: the guest was built for at most {} KiB",
                    domid, (*domain)->memory_built_kib);
    if (memory_kib < (*domain)->memory_asked_kib)
        return fail(Reason::operation_failed,
                    "cannot set the maximum memory of domid {}: the guest is to have {} KiB", domid,
                    (*domain)->memory_asked_kib);
    (*domain)->definition.memory_max_kib = memory_kib;
    return {};
}

Result<> Machine::set_vcpus(DomId domid, unsigned vcpus) {
    const auto domain = guest_or_host(domid, "set the vCPUs of");
    if (!domain) return std::unexpected(domain.error());
    const auto most = (*domain)->definition.vcpus_max;
    if (vcpus < 1 || vcpus > most)
        return fail(Reason::invalid_argument, "cannot set the vCPUs of domid {}: it has 1 to {}", domid,
                    most);
    (*domain)->model_vcpus = std::max((*domain)->model_vcpus, vcpus);
    if (obliges(**domain)) (*domain)->definition.vcpus = vcpus;
    return {};
}

Result<> Machine::pin_vcpu(DomId domid, unsigned vcpu, const domain::CpuSet& cpus) {
    const auto domain = guest_or_host(domid, "pin a vCPU of");
    if (!domain) return std::unexpected(domain.error());
    auto there = domain::CpuSet::first(settings_.cpus);
    for (unsigned cpu = 0; cpu < settings_.cpus; ++cpu)
        if (!cpus.contains(cpu)) there.erase(cpu);
    if (vcpu >= (*domain)->definition.vcpus_max)
        return fail(Reason::invalid_argument, "cannot pin vCPU {} of domid {}: it has none", vcpu, domid);
    if (there.empty())
        return fail(Reason::invalid_argument,
                    "cannot pin a vCPU of domid {}: the host has none of the processors {}", domid,
                    cpus.format());
    (*domain)->definition.cpu_tuning.pins[vcpu] = there;
    return {};
}

Result<domain::CpuShare> Machine::cpu_share(DomId domid) const {
    const auto definition = describe(domid);
    if (!definition) return std::unexpected(definition.error());
    constexpr unsigned default_weight = 256;
    const auto& share = definition->cpu_tuning.share;
    return domain::CpuShare{.weight = share.weight.value_or(default_weight), .cap = share.cap.value_or(0)};
}

Result<> Machine::set_cpu_share(DomId domid, domain::CpuShare share) {
    const auto domain = guest_or_host(domid, "schedule");
    if (!domain) return std::unexpected(domain.error());
    auto& has = (*domain)->definition.cpu_tuning.share;
    if (share.weight) has.weight = share.weight;
    if (share.cap) has.cap = share.cap;
    return {};
}

Result<domain::CpuSet> Machine::memory_nodes(DomId domid) const {
    const auto definition = describe(domid);
    if (!definition) return std::unexpected(definition.error());
    if (definition->numa.empty()) return domain::CpuSet::first(settings_.nodes);
    domain::CpuSet nodes;
    for (const auto& cell : definition->numa)
        nodes.insert(cell.node);
    return nodes;
}

}  // namespace virtlight::simulated
