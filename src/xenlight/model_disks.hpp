// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <boost/json/fwd.hpp>

#include "hypervisor/figures.hpp"

/// The disks that a guest's device model serves, in the words of QEMU.
namespace virtlight::xenlight {

/// What lists them.
inline constexpr std::string_view disks_question = "query-blockstats";

struct ModelDisk {
    /// Of one that is emulated the place is known, and the bus only where it is no IDE drive: xvda and hda
    /// are one and the same.
    hypervisor::DiskFigures figures{};
    bool emulated = false;  ///< else it is on Xen's bus, whatever it is called
    std::string node{};     ///< QEMU's name for what is resized

    bool operator==(const ModelDisk&) const = default;
};

/// From the answer to disks_question. What is no disk of a guest is left out.
std::vector<ModelDisk> read_model_disks(const boost::json::value& answer);

/// Whether a disk of the device model's is this one of the guest's.
bool is_disk(const ModelDisk& disk, const domain::DiskName& target);

/// Adds what was counted for each disk: a guest may use one as an emulated drive first and on Xen's bus
/// later. In the order of targets.
void add_model_disks(const std::vector<ModelDisk>& more, std::vector<hypervisor::DiskFigures>& disks);

}  // namespace virtlight::xenlight
