// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/host.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <span>
#include <string_view>

#include <sys/utsname.h>
#include <unistd.h>

#include "xenlight/cpu_model.hpp"
#include "xenlight/domain_config.hpp"
#include "xenlight/lifeline.hpp"
#include "xenlight/topology.hpp"
#include "xenlight/words.hpp"

namespace virtlight::xenlight {
namespace {

namespace fs = std::filesystem;
using hypervisor::DomainSeen;
using hypervisor::StopReason;

bool present(const fs::path& path) {
    std::error_code none;
    return fs::exists(path, none);
}

StopReason stop_reason(libxl_shutdown_reason reason) {
    switch (reason) {
        case LIBXL_SHUTDOWN_REASON_POWEROFF: return StopReason::poweroff;
        case LIBXL_SHUTDOWN_REASON_REBOOT: return StopReason::reboot;
        case LIBXL_SHUTDOWN_REASON_SUSPEND: return StopReason::suspend;
        case LIBXL_SHUTDOWN_REASON_CRASH: return StopReason::crash;
        case LIBXL_SHUTDOWN_REASON_WATCHDOG: return StopReason::watchdog;
        case LIBXL_SHUTDOWN_REASON_SOFT_RESET: return StopReason::soft_reset;
        default: return StopReason::unknown;
    }
}

/// Whether it is no guest but where the device model of one runs, and comes and goes with that. libxl names
/// it so; a guest can have such a name, too.
bool is_stub_domain(libxl_ctx* ctx, hypervisor::DomId domid, std::string_view name) {
    return name.ends_with("-dm") && libxl_is_stubdom(ctx, domid, nullptr) != 0;
}

void take_version(const libxl_version_info& version, hypervisor::HostFacts& facts) {
    facts.version_major = static_cast<unsigned>(version.xen_version_major);
    facts.version_minor = static_cast<unsigned>(version.xen_version_minor);
    facts.version_extra = text_of(version.xen_version_extra);
    facts.capabilities = text_of(version.capabilities);
}

void take_machine(const libxl_physinfo& machine, hypervisor::HostFacts& facts) {
    constexpr std::uint64_t page_kib = 4;
    facts.memory_kib = machine.total_pages * page_kib;
    facts.cpus = std::max(machine.nr_cpus, 1U);
    facts.mhz = machine.cpu_khz / 1000;
    facts.nodes = std::max(machine.nr_nodes, 1U);
    facts.cores_per_socket = std::max(machine.cores_per_socket, 1U);
    facts.threads_per_core = std::max(machine.threads_per_core, 1U);
    facts.sockets_per_node =
        std::max(facts.cpus / (facts.nodes * facts.cores_per_socket * facts.threads_per_core), 1U);
    facts.has_pv = machine.cap_pv;
    facts.has_hvm = machine.cap_hvm;
    facts.has_pvh = machine.cap_hvm;
    facts.has_hap = machine.cap_hap;
    facts.has_iommu = machine.cap_hvm_directio;
    facts.cpu_model = read_cpu_model(machine.hw_cap);
}

}  // namespace

DomainSeen seen(const libxl_dominfo& info) {
    DomainSeen domain{
        .domid = info.domid,
        .uuid = uuid_of(info.uuid),
        .paused = info.paused,
        .running = info.running,
        .dying = info.dying,
        .hvm = info.domain_type == LIBXL_DOMAIN_TYPE_HVM,
        .memory_kib = info.current_memkb,
        .memory_max_kib = info.max_memkb,
        .vcpus_online = info.vcpu_online,
        .vcpus_max = info.vcpu_max_id + 1,
        .cpu_time = nanoseconds(info.cpu_time),
    };
    if (info.shutdown) domain.stopped = stop_reason(info.shutdown_reason);
    return domain;
}

std::optional<std::string> missing_for_dom0(const fs::path& root) {
    std::ifstream file(root / "proc/xen/capabilities");
    const std::string capabilities(std::istreambuf_iterator<char>(file), {});
    if (!present(root / "proc/xen/capabilities")) {
        return present(root / "sys/hypervisor/type") ? "/proc/xen is not mounted (xenfs)"
                                                     : "this machine does not run under Xen";
    }
    if (!capabilities.contains("control_d")) return "this is a Xen guest and not dom0";
    if (!present(root / "dev/xen/privcmd") && !present(root / "proc/xen/privcmd"))
        return "there is no /dev/xen/privcmd (kernel module xen-privcmd)";
    if (!present(xenstored_socket(root)) && !present(root / "dev/xen/xenbus"))
        return "xenstored is not running";
    return std::nullopt;
}

std::string find_device_model(const fs::path& root) {
    const std::string usual(hypervisor::usual_device_model);
    return ::access((root / usual.substr(1)).c_str(), X_OK) == 0 ? usual : std::string();
}

Result<hypervisor::HostFacts> read_host_facts(Context& context) {
    hypervisor::HostFacts facts;
    if (const auto* version = context.enter(libxl_get_version_info))
        take_version(*version, facts);
    else
        return fail(Reason::operation_failed, "cannot read the version of Xen");

    PhysicalInfo machine;
    auto read = context.attempt("read what Xen says of this machine", std::nullopt,
                                [&](libxl_ctx* ctx) { return libxl_get_physinfo(ctx, machine.get()); });
    if (!read) return std::unexpected(std::move(read.error()));
    take_machine(*machine, facts);
    if (auto topology = read_topology(context, facts); !topology)
        return std::unexpected(std::move(topology.error()));

    const auto scheduler = static_cast<libxl_scheduler>(context.enter(libxl_get_scheduler));
    facts.scheduler = text_of(libxl_scheduler_to_string(scheduler));

    utsname system{};
    if (::uname(&system) == 0) facts.machine = system.machine;
    facts.smbios = hypervisor::read_smbios();
    facts.device_model = find_device_model();
    return facts;
}

Result<hypervisor::Snapshot> look(Context& context) {
    // Without xenstored Xen still lists its domains, but none has a name.
    if (auto answers = context.xenstore().check(); !answers) {
        context.break_down(answers.error().message);
        return std::unexpected(*context.broken());
    }
    hypervisor::Snapshot snapshot;
    auto looked = context.attempt("list Xen's domains", std::nullopt, [&](libxl_ctx* ctx) {
        const int rc = list_domains(ctx, [&](std::span<const libxl_dominfo> domains) {
            for (const auto& info : domains) {
                const CString name(libxl_domid_to_name(ctx, info.domid));
                if (name && is_stub_domain(ctx, info.domid, name.get())) continue;
                auto& domain = snapshot.domains.emplace_back(seen(info));
                if (name) domain.name = name.get();
            }
        });
        return rc != 0 ? rc : libxl_get_free_memory(ctx, &snapshot.memory_free_kib);
    });
    if (!looked) return std::unexpected(std::move(looked.error()));
    return snapshot;
}

}  // namespace virtlight::xenlight
