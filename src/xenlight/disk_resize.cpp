// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/disk_resize.hpp"

#include <algorithm>
#include <cerrno>

#include <boost/json.hpp>
#include <fcntl.h>
#include <linux/loop.h>
#include <sys/ioctl.h>

#include "hypervisor/disk_size.hpp"
#include "xenlight/model_disks.hpp"
#include "xenlight/qmp.hpp"

namespace virtlight::xenlight {

namespace json = boost::json;
using domain::Disk;

Result<DiskBackend> read_disk_backend(Xenstore& xenstore, hypervisor::DomId domid,
                                      const domain::DiskName& target) {
    const auto backend =
        xenstore.read(fmt::format("/libxl/{}/device/vbd/{}/backend", domid, device_number(target)));
    if (!backend) return fail(Reason::no_device, "Xen has no such disk of domain {}", domid);
    return DiskBackend{.is_model = backend->contains("/qdisk/"),
                       .loop = xenstore.read(*backend + "/node").value_or("")};
}

Result<> resize_by_model(hypervisor::DomId domid, const Disk& disk, std::uint64_t bytes,
                         const std::filesystem::path& folder) {
    auto qmp = Qmp::open(measuring_socket(domid, folder));
    if (!qmp) return std::unexpected(std::move(qmp.error()));
    const auto answer = qmp->execute(disks_question);
    if (!answer) return std::unexpected(answer.error());
    const auto disks = read_model_disks(*answer);
    const auto find = [&](bool emulated) {
        return std::ranges::find_if(disks, [&](const ModelDisk& each) {
            return each.emulated == emulated && is_disk(each, disk.target);
        });
    };
    // It has the image open twice then, and each time another idea of it.
    if (find(true) != disks.end())
        return fail(
            Reason::unsupported_operation,
            "the guest uses it as an emulated drive, which does not change; it can be resized once the "
            "guest has loaded drivers for Xen's own bus");
    const auto found = find(false);
    if (found == disks.end()) return fail(Reason::operation_failed, "its device model does not know it");
    const auto arguments = json::serialize(json::object{{"node-name", found->node}, {"size", bytes}});
    const auto resized = qmp->execute("block_resize", arguments);
    if (!resized) return std::unexpected(resized.error());
    return {};
}

Result<> resize_by_kernel(const Disk& disk, std::uint64_t bytes, const std::string& loop) {
    if (disk.source == Disk::Source::block) return {};
    if (auto grown = hypervisor::grow_file(disk.path, bytes); !grown) return grown;
    const Fd device(::open(loop.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!device || ::ioctl(device.get(), LOOP_SET_CAPACITY) != 0)
        return fail_errno(errno, "{} has now {} bytes, but its loop device {} does not take them", disk.path,
                          bytes, loop);
    return {};
}

}  // namespace virtlight::xenlight
