// SPDX-License-Identifier: LGPL-2.1-or-later
#include "hypervisor/disk_files.hpp"
#include "xenlight/disks.hpp"
#include "xenlight/xen_hypervisor.hpp"

/// The devices of a guest that runs.
namespace virtlight::xenlight {

using async::Task;
using domain::Device;
using domain::Disk;
using hypervisor::DomId;
using hypervisor::Operation;

namespace {

// What libxl has for each kind.

std::string libxl_path(DomId domid, const Disk& disk) {
    return fmt::format("/libxl/{}/device/vbd/{}", domid, device_number(disk.target));
}

Result<> check_files(const Disk& disk) {
    return hypervisor::check_disk_files({&disk, 1});
}

Operations::Start start_adding(DomId domid, const Disk& disk) {
    auto theirs = std::make_shared<LibxlDisk>();
    write_disk(disk, **theirs);
    return [domid, theirs](libxl_ctx* ctx, const libxl_asyncop_how* how) {
        return libxl_device_disk_add(ctx, domid, theirs->get(), how);
    };
}

using Removal = int(libxl_ctx*, std::uint32_t, libxl_device_disk*, const libxl_asyncop_how*);

/// libxl wants to be told what it knows: which backend serves the disk.
Operations::Start start_taking(DomId domid, const Disk& disk, Removal* remove) {
    auto theirs = std::make_shared<LibxlDisk>();
    return
        [domid, name = to_string(disk.target), theirs, remove](libxl_ctx* ctx, const libxl_asyncop_how* how) {
            const int rc = libxl_vdev_to_device_disk(ctx, domid, name.c_str(), theirs->get());
            return rc != 0 ? rc : remove(ctx, domid, theirs->get(), how);
        };
}

/// The guest is asked to let go of it.
Operations::Start start_removing(DomId domid, const Disk& disk) {
    return start_taking(domid, disk, libxl_device_disk_remove);
}

/// The guest is not asked.
Operations::Start start_destroying(DomId domid, const Disk& disk) {
    return start_taking(domid, disk, libxl_device_disk_destroy);
}

/// What is in a drive.
Operations::Start start_changing(DomId domid, const Disk& disk) {
    auto theirs = std::make_shared<LibxlDisk>();
    write_disk(disk, **theirs);
    return [domid, theirs](libxl_ctx* ctx, const libxl_asyncop_how* how) {
        return libxl_cdrom_insert(ctx, domid, theirs->get(), how);
    };
}

// For every kind

template <class Function>
auto of_kind(const Device& device, Function function) {
    return std::visit(function, device);
}

}  // namespace

Task<Result<bool>> XenHypervisor::has_device(std::string path) {
    return asking_.call([path = std::move(path)](Context& context) -> Result<bool> {
        return context.xenstore().read(path).has_value();
    });
}

/// libxl finds out late that a file is missing; of a drive, when it has thrown out what was in it.
Task<Result<>> XenHypervisor::check_device_files(Device device, std::string what) {
    auto checked = co_await async::run_blocking(head_thread_, core_, [device = std::move(device)] {
        return of_kind(device, [](const auto& one) { return check_files(one); });
    });
    if (!checked) co_return std::unexpected(in_context(what, std::move(checked.error())));
    co_return checked;
}

Task<Result<>> XenHypervisor::attach(DomId domid, Device device, Operation operation) {
    const auto name = name_of(device);
    const auto what = fmt::format("attach {} to domain {}", name, domid);
    if (auto good = co_await check_device_files(device, what); !good) co_return good;
    const auto path = of_kind(device, [domid](const auto& one) { return libxl_path(domid, one); });
    const auto before = co_await has_device(path);
    if (!before) co_return std::unexpected(before.error());
    if (*before) co_return fail(Reason::invalid_argument, "cannot {}: another one is there", what);

    auto added = co_await act(
        asking_, fmt::format("attach {} to", name), domid, operation,
        {.start = of_kind(device, [domid](const auto& one) { return start_adding(domid, one); })});
    if (added) co_return added;
    // libxl leaves what it has made of it so far.
    const auto left = co_await has_device(path);
    if (!left || !*left) co_return added;
    auto removed = co_await act(
        asking_, fmt::format("remove what is left of {} from", name), domid, {.id = operation.id},
        {.start = of_kind(device, [domid](const auto& one) { return start_destroying(domid, one); }),
         .abortable = false});
    if (!removed) added.error().details.push_back(std::move(removed.error().message));
    co_return added;
}

Task<Result<>> XenHypervisor::detach(DomId domid, Device device, Operation operation) {
    const auto name = name_of(device);
    const auto what = fmt::format("detach {} from domain {}", name, domid);
    const auto path = of_kind(device, [domid](const auto& one) { return libxl_path(domid, one); });
    const auto there = co_await has_device(path);
    if (!there) co_return std::unexpected(there.error());
    if (!*there) {
        auto missing = co_await explained(
            asking_, what, domid,
            fail(Reason::operation_failed, "cannot {}: Xen has no such device of it", what));
        if (missing.error().reason == Reason::operation_failed) missing.error().reason = Reason::no_device;
        co_return missing;
    }

    auto removed = co_await act(
        asking_, fmt::format("detach {} from", name), domid, operation,
        {.start = of_kind(device, [domid](const auto& one) { return start_removing(domid, one); })});
    if (removed || removed.error().reason == Reason::no_domain) co_return removed;
    // What libxl says of a removal that it has given up or was cut short in is not the whole truth.
    const auto kept = co_await has_device(path);
    if (kept && !*kept) co_return Result<>{};
    if (removed.error().reason == Reason::timed_out)
        removed.error().message =
            fmt::format("cannot {}: the guest has not let go of it in time; it may still do so", what);
    co_return removed;
}

Task<Result<>> XenHypervisor::update(DomId domid, Device device, Operation operation) {
    const auto name = name_of(device);
    if (auto good = co_await check_device_files(device, fmt::format("change {} of domain {}", name, domid));
        !good)
        co_return good;
    co_return co_await act(
        asking_, fmt::format("change {} of", name), domid, std::move(operation),
        {.start = of_kind(device, [domid](const auto& one) { return start_changing(domid, one); })});
}

}  // namespace virtlight::xenlight
