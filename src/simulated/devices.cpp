// SPDX-License-Identifier: LGPL-2.1-or-later
#include <utility>

#include "hypervisor/disk_files.hpp"
#include "hypervisor/disk_size.hpp"
#include "simulated/attempt.hpp"
#include "simulated/simulated.hpp"

/// The devices of a guest that runs.
namespace virtlight::simulated {

using async::Task;
using domain::Device;
using hypervisor::Operation;

namespace {

Result<> look_at_files(const Device& device) {
    const auto* const disk = std::get_if<domain::Disk>(&device);
    return disk ? hypervisor::check_disk_files({disk, 1}) : Result<>();
}

}  // namespace

Task<Result<>> Simulated::attach(DomId domid, Device device, Operation operation) {
    auto attempt = begin(OperationKind::attach, fmt::format("attach {} to domid {}", name_of(device), domid),
                         operation.cancel);
    if (auto checked = co_await check_device(attempt, device); !checked) {
        // Nothing may still come.
        if (checked.error().reason == Reason::timed_out) checked.error().reason = Reason::operation_failed;
        co_return checked;
    }
    if (auto passed = co_await pass(attempt, machine_.settings().times.devices, domid); !passed)
        co_return passed;
    auto attached = machine_.attach(domid, std::move(device));
    tell_of_host_devices();
    co_return attached;
}

/// As libxl does: a guest that does not let go is asked, and keeps it.
Task<Result<>> Simulated::detach(DomId domid, Device device, Operation operation) {
    auto attempt = begin(OperationKind::detach,
                         fmt::format("detach {} from domid {}", name_of(device), domid), operation.cancel);
    const auto obliges = machine_.lets_go(domid);
    if (!obliges) co_return std::unexpected(obliges.error());
    const auto& times = machine_.settings().times;
    if (auto passed = co_await pass(attempt, *obliges ? times.devices : times.keeps_device, domid); !passed)
        co_return passed;
    if (!*obliges)
        co_return fail(Reason::timed_out,
                       "cannot {}: the guest has not let go of it in time; it may still do so", attempt.what);
    auto detached = machine_.detach(domid, device);
    tell_of_host_devices();
    co_return detached;
}

Task<Result<>> Simulated::update(DomId domid, Device device, Operation operation) {
    auto attempt = begin(OperationKind::update, fmt::format("change {} of domid {}", name_of(device), domid),
                         operation.cancel);
    if (auto checked = co_await check_device(attempt, device); !checked) co_return checked;
    if (auto passed = co_await pass(attempt, machine_.settings().times.devices, domid); !passed)
        co_return passed;
    co_return machine_.update(domid, std::move(device));
}

Task<Result<>> Simulated::set_vnc_password(DomId domid, std::string password, Operation operation) {
    auto attempt = begin(OperationKind::update, fmt::format("change the VNC password of domid {}", domid),
                         operation.cancel);
    if (auto passed = co_await pass(attempt, machine_.settings().times.devices, domid); !passed)
        co_return passed;
    co_return machine_.set_vnc_password(domid, std::move(password));
}

/// No file is opened but a raw one: what else is in an image is a device model's to know.
Task<Result<>> Simulated::resize_disk(DomId domid, domain::Disk disk, std::uint64_t bytes,
                                      Operation operation) {
    auto attempt =
        begin(OperationKind::resize_disk,
              fmt::format("resize disk {} of domid {}", to_string(disk.target), domid), operation.cancel);
    if (auto passed = co_await pass(attempt, machine_.settings().times.devices, domid); !passed)
        co_return passed;
    if (disk.source == domain::Disk::Source::block) co_return Result<>{};
    if (disk.format != domain::Disk::Format::raw)
        co_return fail(Reason::unsupported_operation, "only a raw image of a simulated guest can be resized");
    co_return co_await check(attempt, [disk, bytes] { return hypervisor::grow_file(disk.path, bytes); });
}

Task<Result<std::vector<hypervisor::Neighbour>>> Simulated::neighbours() {
    auto attempt = begin(OperationKind::measure, "look at the neighbours");
    auto all = machine_.neighbours();
    if (auto passed = co_await pass(attempt, machine_.settings().times.command, 0); !passed)
        co_return std::unexpected(std::move(passed).error());
    co_return all;
}

Task<Result<>> Simulated::check_device(Attempt& attempt, const Device& device) {
    return check(attempt, [device] { return look_at_files(device); });
}

}  // namespace virtlight::simulated
