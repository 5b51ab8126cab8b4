// SPDX-License-Identifier: LGPL-2.1-or-later
#include "daemon/host.hpp"

#include "simulated/simulated.hpp"
#include "xenlight/xenlight.hpp"

namespace virtlight::daemon {
namespace {

class XenHost final : public Host {
 public:
    explicit XenHost(std::unique_ptr<hypervisor::Hypervisor> xen) : xen_(std::move(xen)) {}
    hypervisor::Hypervisor& hypervisor() override { return *xen_; }

 private:
    std::unique_ptr<hypervisor::Hypervisor> xen_;
};

class SimulatedHost final : public Host {
 public:
    SimulatedHost(async::FdScheduler& core, async::Blocking& blocking)
        : machine_(core, simulated::Settings(), &core), simulated_(machine_, core, blocking) {}
    hypervisor::Hypervisor& hypervisor() override { return simulated_; }

 private:
    simulated::Machine machine_;
    simulated::Simulated simulated_;
};

}  // namespace

Result<std::unique_ptr<Host>> open_host(const Settings& settings, async::FdScheduler& core,
                                        async::Blocking& blocking) {
    if (settings.hypervisor == HypervisorKind::simulated)
        return std::make_unique<SimulatedHost>(core, blocking);
    if (const auto missing = xenlight::missing_on_this_machine())
        return fail(Reason::operation_failed, "no Xen to manage here: {}; --hypervisor simulated needs none",
                    *missing);
    auto xen = xenlight::open(core);
    if (!xen) return std::unexpected(xen.error());
    return std::make_unique<XenHost>(*std::move(xen));
}

}  // namespace virtlight::daemon
