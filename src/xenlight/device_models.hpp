// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "base/file.hpp"
#include "hypervisor/port.hpp"

namespace virtlight::xenlight {

/// The processes that are guests' device models. libxl starts them, and does not tell of their end. Each is
/// held by a descriptor, as its number may be another process's later. Stays on one thread.
class DeviceModels {
 public:
    using Lives = std::unordered_map<hypervisor::LifeId, hypervisor::DomId>;
    /// The number of the process that is said to be a guest's; empty: it has none on this host.
    using Named = std::function<std::optional<std::uint64_t>(hypervisor::DomId)>;

    /// `folder` is where device models listen.
    explicit DeviceModels(std::filesystem::path folder = "/var/run/xen") : folder_(std::move(folder)) {}

    /// The domains among these whose device model has ended; all other lives are forgotten.
    ///
    /// The process of a guest is looked for once, and with each call again once it has ended, as a soft reset
    /// gives the guest another one. Guests without one are looked at in turn, limits::models_sought with each
    /// call, as a PV guest gets one with the first device that needs it. A process that is not called QEMU,
    /// and does not listen where the guest's would, is another one that has got the number since.
    std::unordered_set<hypervisor::DomId> ended(const Lives& lives, const Named& named);

 private:
    struct Model {
        std::uint64_t number = 0;  ///< of its process; 0: there is none
        Fd process{};              ///< empty: it has ended, or nothing is known of it
        bool ended = false;
    };

    Model find(std::optional<std::uint64_t> number, hypervisor::DomId domid) const;
    void keep(hypervisor::LifeId life, Model model);
    void seek(const Lives& lives, const Named& named);
    void look();

    std::filesystem::path folder_;
    std::unordered_map<hypervisor::LifeId, Model> models_;
    std::deque<hypervisor::LifeId> without_;  ///< those of which nothing is known, in turn
};

}  // namespace virtlight::xenlight
