// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <array>
#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace virtlight::simulated {

/// What is asked of the hypervisor, as far as it can go wrong.
enum class OperationKind {
    look,
    create,
    unpause,
    pause,
    request_shutdown,
    request_reboot,
    destroy,
    describe,
    save,
    restore,
    resume,
    soft_reset,
    inject_nmi,
    send_keys,
    send_sysrq,
    rename,
    set_memory,
    set_memory_max,
    set_vcpus,
    attach,
    detach,
    update,  ///< of a device, and of the VNC password
    resize_disk,
    suspend,
    dump_core,
    measure,  ///< of guests, of the host and of their neighbours
    pin_vcpu,
    scheduler,
    cpu_share,
    set_cpu_share,
    memory_nodes,
    screenshot,
    host_devices,
    pci  ///< what is done to PCI devices of the host; and to list those, or those of USB
};
inline constexpr std::size_t operation_kinds = static_cast<std::size_t>(OperationKind::pci) + 1;

/// How one operation goes wrong.
struct Fault {
    std::optional<Reason> fails{};     ///< when its time is over, it ends so and has not happened
    std::vector<std::string> lines{};  ///< what the layer below wrote about it
    Duration delay{};                  ///< it takes so much longer
    Duration late{};                   ///< it goes on for so long after a cancel, and may be done by then
    bool domain_dies =
        false;  ///< in its middle somebody else destroys the domain (of a create: the half-made one)
};

/// What will go wrong, in the order of asking.
class FaultPlan {
 public:
    /// The next `times` operations of this kind, after those that are planned already.
    void inject(OperationKind kind, const Fault& fault, std::size_t times = 1) {
        auto& planned = planned_[static_cast<std::size_t>(kind)];
        planned.insert(planned.end(), times, fault);
    }

    /// For an operation that starts: what happens to it. Nothing planned: nothing wrong.
    Fault take(OperationKind kind) {
        auto& planned = planned_[static_cast<std::size_t>(kind)];
        if (planned.empty()) return {};
        auto first = std::move(planned.front());
        planned.pop_front();
        return first;
    }

 private:
    std::array<std::deque<Fault>, operation_kinds> planned_;
};

}  // namespace virtlight::simulated
