// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hypervisor/pci_devices.hpp"

namespace virtlight::hypervisor {

/// What the makers of PCI devices are called, and what they call these: as the table tells it that comes with
/// distributions, pci.ids. For any thread.
class PciNames {
 public:
    /// The first of the files that is there counts.
    explicit PciNames(std::vector<std::filesystem::path> files = {"/usr/share/misc/pci.ids",
                                                                  "/usr/share/hwdata/pci.ids"})
        : files_(std::move(files)) {}

    /// Names the devices that the table knows. Each kind of device is looked for once in a table. Blocks.
    void name(std::vector<HostPciDevice>& devices);

 private:
    using Kind = std::pair<unsigned, unsigned>;  ///< vendor and product
    struct Names {
        std::string vendor{};
        std::string product{};
    };
    using Kinds = std::map<Kind, Names>;

    static Kind kind_of(const HostPciDevice& device) { return {device.vendor, device.product}; }
    static void find(std::string_view table, Kinds& kinds);

    const std::vector<std::filesystem::path> files_;
    std::mutex mutex_;
    Kinds known_;
};

}  // namespace virtlight::hypervisor
