// SPDX-License-Identifier: LGPL-2.1-or-later
#include <utility>

#include "simulated/attempt.hpp"
#include "simulated/simulated.hpp"

/// What is done to a guest that runs, and goes on running.
namespace virtlight::simulated {

using async::Task;
using hypervisor::Operation;

Task<Result<>> Simulated::inject_nmi(DomId domid, Operation operation) {
    return command(OperationKind::inject_nmi, fmt::format("inject an NMI into domid {}", domid), domid,
                   operation.cancel, [this, domid] { return machine_.inject_nmi(domid); });
}

Task<Result<>> Simulated::send_keys(DomId domid, hypervisor::KeyPress press, Operation operation) {
    return command(OperationKind::send_keys, fmt::format("send keys to domid {}", domid), domid,
                   operation.cancel, [this, domid, press] { return machine_.send_keys(domid, press); });
}

Task<Result<>> Simulated::send_sysrq(DomId domid, char key, Operation operation) {
    return command(OperationKind::send_sysrq, fmt::format("send SysRq to domid {}", domid), domid,
                   operation.cancel, [this, domid, key] { return machine_.send_sysrq(domid, key); });
}

Task<Result<>> Simulated::rename(DomId domid, std::string name, Operation operation) {
    return command(OperationKind::rename, fmt::format("rename domid {}", domid), domid, operation.cancel,
                   [this, domid, name] { return machine_.rename(domid, name); });
}

Task<Result<>> Simulated::set_memory(DomId domid, std::uint64_t memory_kib, Operation operation) {
    return command(OperationKind::set_memory, fmt::format("set the memory of domid {}", domid), domid,
                   operation.cancel,
                   [this, domid, memory_kib] { return machine_.set_memory(domid, memory_kib); });
}

Task<Result<>> Simulated::set_memory_max(DomId domid, std::uint64_t memory_kib, Operation operation) {
    return command(OperationKind::set_memory_max, fmt::format("set the maximum memory of domid {}", domid),
                   domid, operation.cancel,
                   [this, domid, memory_kib] { return machine_.set_memory_max(domid, memory_kib); });
}

Task<Result<>> Simulated::set_vcpus(DomId domid, unsigned vcpus, Operation operation) {
    return command(OperationKind::set_vcpus, fmt::format("set the vCPUs of domid {}", domid), domid,
                   operation.cancel, [this, domid, vcpus] { return machine_.set_vcpus(domid, vcpus); });
}

Task<Result<>> Simulated::pin_vcpu(DomId domid, unsigned vcpu, domain::CpuSet cpus, Operation operation) {
    return command(OperationKind::pin_vcpu, fmt::format("pin a vCPU of domid {}", domid), domid,
                   operation.cancel,
                   [this, domid, vcpu, cpus] { return machine_.pin_vcpu(domid, vcpu, cpus); });
}

/// There are no CPU pools here.
Task<Result<std::string>> Simulated::scheduler(DomId domid) {
    auto attempt = begin(OperationKind::scheduler, fmt::format("read the scheduler of domid {}", domid));
    if (auto passed = co_await pass(attempt, machine_.settings().times.command, domid); !passed)
        co_return std::unexpected(std::move(passed).error());
    const auto known = machine_.describe(domid);
    if (!known) co_return std::unexpected(known.error());
    co_return host().scheduler;
}

Task<Result<domain::CpuShare>> Simulated::cpu_share(DomId domid) {
    return command(OperationKind::cpu_share, fmt::format("read the scheduling of domid {}", domid), domid, {},
                   [this, domid] { return machine_.cpu_share(domid); });
}

Task<Result<>> Simulated::set_cpu_share(DomId domid, domain::CpuShare share, Operation operation) {
    return command(OperationKind::set_cpu_share, fmt::format("schedule domid {}", domid), domid,
                   operation.cancel, [this, domid, share] { return machine_.set_cpu_share(domid, share); });
}

Task<Result<domain::CpuSet>> Simulated::memory_nodes(DomId domid) {
    return command(OperationKind::memory_nodes, fmt::format("read the NUMA nodes of domid {}", domid), domid,
                   {}, [this, domid] { return machine_.memory_nodes(domid); });
}

}  // namespace virtlight::simulated
