// SPDX-License-Identifier: LGPL-2.1-or-later
#include "daemon/host.hpp"

#include "base/file.hpp"
#include "base/uuid.hpp"
#include "simulated/simulated.hpp"
#include "xenlight/xenlight.hpp"

namespace virtlight::daemon {
namespace {

class XenHost final : public Host {
 public:
    explicit XenHost(std::unique_ptr<hypervisor::Hypervisor> xen) : xen_(std::move(xen)) {}
    hypervisor::Hypervisor& hypervisor() override { return *xen_; }
    std::string boot() const override {
        constexpr std::size_t longest = 64;
        // Without it, each start of the daemon would be one of the host: better none is.
        auto id = read_file("/proc/sys/kernel/random/boot_id", longest).value_or("");
        std::erase(id, '\n');
        return id;
    }
    /// Where xenconsole locks.
    std::filesystem::path console_locks() const override { return "/var/lock"; }

 private:
    std::unique_ptr<hypervisor::Hypervisor> xen_;
};

class SimulatedHost final : public Host {
 public:
    SimulatedHost(const Places& places, async::FdScheduler& core, async::Blocking& blocking)
        : machine_(core, simulated::Settings(), &core),
          simulated_(machine_, core, blocking),
          locks_(places.run()) {}
    hypervisor::Hypervisor& hypervisor() override { return simulated_; }
    /// Its guests are gone with the daemon.
    std::string boot() const override { return boot_; }
    std::filesystem::path console_locks() const override { return locks_; }

 private:
    simulated::Machine machine_;
    simulated::Simulated simulated_;
    std::filesystem::path locks_;
    std::string boot_ = to_string(Uuid::random());
};

}  // namespace

Result<> check_host(const Settings& settings) {
    if (settings.hypervisor == HypervisorKind::simulated) return {};
    if (const auto missing = xenlight::missing_on_this_machine())
        return fail(Reason::operation_failed, "no Xen to manage here: {}; --hypervisor simulated needs none",
                    *missing);
    return {};
}

Result<std::unique_ptr<Host>> open_host(const Settings& settings, async::FdScheduler& core,
                                        async::Blocking& blocking) {
    if (settings.hypervisor == HypervisorKind::simulated)
        return std::make_unique<SimulatedHost>(settings.places, core, blocking);
    auto xen = xenlight::open(core, settings.autoballoon);
    if (!xen) return std::unexpected(xen.error());
    return std::make_unique<XenHost>(*std::move(xen));
}

}  // namespace virtlight::daemon
