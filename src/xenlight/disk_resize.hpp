// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/result.hpp"
#include "domain/disk.hpp"
#include "hypervisor/domain_seen.hpp"
#include "xenlight/xenstore.hpp"

/// A disk of a guest that runs is given more bytes by who serves it, who tells the guest.
namespace virtlight::xenlight {

struct DiskBackend {
    bool is_model = false;  ///< the guest's device model; else dom0's kernel
    std::string loop{};     ///< of a file that the kernel serves
};
/// What xenstore says of a guest's disk. no_device.
Result<DiskBackend> read_disk_backend(Xenstore& xenstore, hypervisor::DomId domid,
                                      const domain::DiskName& target);

/// Of a disk that the guest's device model serves. unsupported_operation: the guest uses it as an emulated
/// drive; operation_failed; timed_out: it has not answered within limits::qmp_answer, and may still do it.
/// `folder` is where its socket is. Blocks: not for the core thread.
Result<> resize_by_model(hypervisor::DomId domid, const domain::Disk& disk, std::uint64_t bytes,
                         const std::filesystem::path& folder = "/var/run/xen");

/// Of a disk that dom0's kernel serves: a block device has got its bytes from somebody else before, a file
/// gets them here. Xen's backend sees it with the guest's next request. Blocks.
Result<> resize_by_kernel(const domain::Disk& disk, std::uint64_t bytes, const std::string& loop);

}  // namespace virtlight::xenlight
