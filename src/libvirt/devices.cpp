// SPDX-License-Identifier: LGPL-2.1-or-later
#include <limits>
#include <string>
#include <utility>

#include "domain/device.hpp"
#include "domain/device_edit.hpp"
#include "libvirt/calls.hpp"
#include "libvirt/flags.hpp"

namespace virtlight::libvirt::calls {

using async::Task;

using domain::DeviceEdit;
using manager::Affects;

namespace {

using OnDevice = Task<Result<>> (Manager::*)(Uuid, domain::Device, Affects);

Task<Result<>> change_device(Manager& manager, Uuid uuid, std::string xml, OnDevice act, Affects affects) {
    auto device = domain::parse_device(xml);
    if (!device) co_return std::unexpected(device.error());
    co_return co_await (manager.*act)(uuid, std::move(*device), affects);
}

/// Of what can come and go in a definition alone, that is edited.
Task<Result<>> change_device(Manager& manager, DeviceArgs args, OnDevice act, DeviceEdit edit) {
    if (domain::is_of_definition_only(args.device))
        return manager.edit_device(args.dom.uuid, std::move(args.device), edit, affects(args.flags));
    return change_device(manager, args.dom.uuid, std::move(args.device), act, affects(args.flags));
}

}  // namespace

Task<Result<>> attach_device(Manager& manager, DeviceArgs args) {
    return change_device(manager, std::move(args), &Manager::attach_device, DeviceEdit::add);
}

Task<Result<>> attach_device_plain(Manager& manager, DomainText args) {
    return change_device(manager, args.dom.uuid, std::move(args.text), &Manager::attach_device, guest_only);
}

Task<Result<>> detach_device(Manager& manager, DeviceArgs args) {
    return change_device(manager, std::move(args), &Manager::detach_device, DeviceEdit::remove);
}

Task<Result<>> detach_device_plain(Manager& manager, DomainText args) {
    return change_device(manager, args.dom.uuid, std::move(args.text), &Manager::detach_device, guest_only);
}

Task<Result<>> detach_device_alias(Manager& manager, DeviceArgs args) {
    return manager.detach_device(args.dom.uuid, std::move(args.device), affects(args.flags));
}

/// That it is forced changes nothing: a CD drive here is never locked by its guest.
Task<Result<>> update_device(Manager& manager, DeviceArgs args) {
    return change_device(manager, std::move(args), &Manager::update_device, DeviceEdit::change);
}

Task<Result<>> block_resize(Manager& manager, BlockResizeArgs args) {
    constexpr auto most = std::numeric_limits<std::uint64_t>::max();
    const std::uint64_t unit = (args.flags & flag::resize_bytes) != 0 ? 1 : 1024;
    const bool capacity = (args.flags & flag::resize_capacity) != 0;
    if (capacity && args.size != 0)
        co_return fail(Reason::invalid_argument, "a size of {} and the capacity of the block device",
                       args.size);
    if (args.size > most / unit)
        co_return fail(Reason::invalid_argument, "size {} is more than {} KiB", args.size, most / unit);
    const auto bytes = capacity ? std::nullopt : std::optional(args.size * unit);
    co_return co_await manager.resize_disk(args.dom.uuid, std::move(args.disk), bytes);
}

}  // namespace virtlight::libvirt::calls
