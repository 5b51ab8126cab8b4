// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/log.hpp"
#include "xenlight/describe.hpp"
#include "xenlight/device_acts.hpp"
#include "xenlight/disk_resize.hpp"
#include "xenlight/links.hpp"
#include "xenlight/vnc_password.hpp"
#include "xenlight/xen_hypervisor.hpp"

/// The devices of a guest that runs change while it has them.
namespace virtlight::xenlight {

using async::Task;
using domain::Device;
using domain::Disk;
using domain::Nic;
using hypervisor::DomId;
using hypervisor::Operation;

Task<Result<>> XenHypervisor::update(DomId domid, Device device, Operation operation) {
    if (auto* const nic = std::get_if<Nic>(&device))
        return change_nic(domid, std::move(*nic), std::move(operation));
    if (auto* const disk = std::get_if<Disk>(&device))
        return change_medium(domid, std::move(*disk), std::move(operation));
    return refuse_change(domid, std::move(device));
}

Task<Result<>> XenHypervisor::refuse_change(DomId domid, Device device) {
    co_return fail(Reason::unsupported_operation, "cannot change {} of domain {}: libxl has no way to",
                   name_of(device), domid);
}

Task<Result<>> XenHypervisor::change_nic(DomId domid, Nic nic, Operation operation) {
    const auto verb = fmt::format("change {} of", name_of(Device(nic)));
    auto set = co_await set_link(domid, nic, fmt::format("{} domain {}", verb, domid));
    if (!set) co_return set;
    co_return co_await tell(verb, domid, std::move(operation),
                            [domid, nic = std::move(nic)](Context& context, const std::string&) {
                                return write_rate(context.xenstore(), domid, nic);
                            });
}

/// One that is served elsewhere has a link that is up, and nothing is to be done about it here.
Task<Result<>> XenHypervisor::set_link(DomId domid, Nic nic, std::string what) {
    if (!nic.backend_domain.empty()) co_return Result<>{};
    const auto type = co_await asking_.call([domid](Context& context) { return guest_type(context, domid); });
    if (!type) co_return std::unexpected(type.error());
    auto set = co_await async::run_blocking(
        model_threads_, core_,
        [domid, type = *type, nic = std::move(nic)] { return set_links(domid, type, {&nic, 1}); });
    if (!set) co_return std::unexpected(in_context(what, std::move(set.error())));
    co_return set;
}

/// The drive is hidden from a device model that has not made it, while libxl works on it.
Task<Result<>> XenHypervisor::change_medium(DomId domid, Disk disk, Operation operation) {
    const auto name = name_of(Device(disk));
    const auto verb = fmt::format("change {} of", name);
    const auto what = fmt::format("{} domain {}", verb, domid);
    if (auto good = co_await check_device_files(disk, what); !good) co_return good;
    const auto thread = co_await thread_for(disk, what, operation);
    if (!thread) co_return std::unexpected(thread.error());
    if (auto free = co_await await_lock(verb, domid, operation.cancel); !free) co_return free;
    if (auto hidden = co_await show_drive(domid, disk, false); !hidden) co_return hidden;
    auto changed = co_await act(**thread, verb, domid, std::move(operation),
                                {.start = keeping(*thread, start_changing_medium(domid, disk))});
    if (!changed || disk.source == Disk::Source::none) co_return changed;
    if (const auto shown = co_await show_drive(domid, disk, true); !shown)
        log::warning("{} of domain {} is an emulated drive only: {}", name, domid, shown.error().message);
    co_return changed;
}

Task<Result<>> XenHypervisor::show_drive(DomId domid, Disk disk, bool shown) {
    return asking_.call([domid, disk = std::move(disk), shown](Context& context) {
        return show_unmade_drive(context.xenstore(), domid, disk, shown);
    });
}

/// The log has that it is done, and nothing of the password.
Task<Result<>> XenHypervisor::set_vnc_password(DomId domid, std::string password, Operation operation) {
    log::debug("operation {}: change the VNC password of domain {}", operation.id.value, domid);
    co_return co_await async::run_blocking(model_threads_, core_, [domid, password = std::move(password)] {
        return change_vnc_password(domid, password);
    });
}

Task<Result<>> XenHypervisor::resize_disk(DomId domid, Disk disk, std::uint64_t bytes, Operation operation) {
    log::debug("operation {}: resize {} of domain {} to {} bytes", operation.id.value, name_of(Device(disk)),
               domid, bytes);
    const auto backend = co_await asking_.call([domid, target = disk.target](Context& context) {
        return read_disk_backend(context.xenstore(), domid, target);
    });
    if (!backend) co_return std::unexpected(backend.error());
    const auto resizing = movers().begin([domid, disk, bytes, backend = *backend] {
        return backend.is_model ? resize_by_model(domid, disk, bytes)
                                : resize_by_kernel(disk, bytes, backend.loop);
    });
    auto resized = co_await movers().answer(resizing, limits::disk_resize, operation.cancel);
    if (!resized && resized.error().reason == Reason::timed_out)
        resized.error().message = fmt::format("cannot resize disk {} of domain {}: {}; it may still grow",
                                              to_string(disk.target), domid, resized.error().message);
    co_return resized;
}

}  // namespace virtlight::xenlight
