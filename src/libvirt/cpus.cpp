// SPDX-License-Identifier: LGPL-2.1-or-later
#include <utility>

#include "libvirt/calls.hpp"
#include "libvirt/capabilities.hpp"
#include "libvirt/cpu_definition.hpp"
#include "libvirt/flags.hpp"
#include "libvirt/guest_kinds.hpp"

/// What the host's processors can, compared with others.
namespace virtlight::libvirt::calls {
namespace {

/// All of them are read in one step of the core.
Result<std::vector<CpuDefinition>> parse_all(const std::vector<std::string>& xmls) {
    if (xmls.empty()) return fail(Reason::invalid_argument, "there is no CPU to find a baseline of");
    std::size_t bytes = 0;
    for (const auto& xml : xmls)
        bytes += xml.size();
    if (bytes > limits::xml_bytes || xmls.size() > limits::baseline_cpus)
        return fail(Reason::too_many, "{} CPUs of {} bytes; {} of {} bytes together are compared",
                    xmls.size(), bytes, limits::baseline_cpus, limits::xml_bytes);
    std::vector<CpuDefinition> cpus;
    for (const auto& xml : xmls) {
        auto cpu = parse_cpu(xml);
        if (!cpu) return std::unexpected(std::move(cpu.error()));
        if (cpu->of_the_host)
            return fail(Reason::invalid_argument,
                        "a CPU of mode host-model, host-passthrough or maximum does not tell its features");
        cpus.push_back(*std::move(cpu));
    }
    return cpus;
}

/// Guests of all kinds find the same processor.
Result<> check_guest(Manager& manager, const DomainCapabilitiesArgs& args) {
    const auto kind = guest_kind(manager.host(), args);
    if (!kind) return std::unexpected(kind.error());
    return {};
}

}  // namespace

Result<std::int32_t> compare_cpu(Manager& manager, const TextFlags& args) {
    const auto cpu = parse_cpu(args.text);
    if (!cpu) return std::unexpected(cpu.error());
    auto [match, reason] = compare(cpu_of(manager.host()), *cpu);
    if (match == CpuMatch::incompatible && (args.flags & flag::cpu::fail_incompatible) != 0)
        return std::unexpected(Error{Reason::incompatible_cpu, std::move(reason)});
    return static_cast<std::int32_t>(match);
}

Result<std::string> baseline_cpu(Manager&, const CpusArgs& args) {
    const auto cpus = parse_all(args.xmls);
    if (!cpus) return std::unexpected(cpus.error());
    return common_cpu_xml(*cpus, (args.flags & flag::cpu::migratable) != 0);
}

Result<std::int32_t> compare_hypervisor_cpu(Manager& manager, const HypervisorCpuArgs& args) {
    if (auto good = check_guest(manager, {args.emulator, args.arch, args.machine, args.virt_type}); !good)
        return std::unexpected(std::move(good.error()));
    return compare_cpu(manager, {args.xml, args.flags});
}

/// What no guest of this host would find is not in it.
Result<std::string> baseline_hypervisor_cpu(Manager& manager, const HypervisorCpusArgs& args) {
    if (auto good = check_guest(manager, {args.emulator, args.arch, args.machine, args.virt_type}); !good)
        return std::unexpected(std::move(good.error()));
    auto cpus = parse_all(args.xmls);
    if (!cpus) return std::unexpected(std::move(cpus.error()));
    cpus->push_back(cpu_of(manager.host()));
    return common_cpu_xml(*cpus, (args.flags & flag::cpu::migratable) != 0);
}

/// An empty list would tell clients that every model can be had.
Result<> cpu_models(Manager&, const CpuModelsArgs& args) {
    if (args.arch != guest_arch)
        return fail(Reason::invalid_argument, "this host has no guests of architecture {}",
                    domain::shown(args.arch));
    return fail(
        Reason::no_support,
        "virConnectGetCPUModelNames: guests find the host's processor (mode host-passthrough) but for "
        "features that are taken from it, and there are no models to choose from");
}

}  // namespace virtlight::libvirt::calls
