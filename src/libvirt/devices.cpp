// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/device.hpp"
#include "libvirt/calls.hpp"
#include "libvirt/flags.hpp"

namespace virtlight::libvirt::calls {

using async::Task;

namespace {

using manager::Affects;

/// The older calls are about the guest that runs.
constexpr Affects guest_only{.guest = true};

}  // namespace

Task<Result<>> attach_device(Manager& manager, DeviceArgs args) {
    auto device = domain::parse_device(args.xml);
    if (!device) co_return std::unexpected(device.error());
    co_return co_await manager.attach_device(args.dom.uuid, std::move(*device), affects(args.flags));
}

Task<Result<>> attach_device_plain(Manager& manager, DomainText args) {
    auto device = domain::parse_device(args.text);
    if (!device) co_return std::unexpected(device.error());
    co_return co_await manager.attach_device(args.dom.uuid, std::move(*device), guest_only);
}

Task<Result<>> detach_device(Manager& manager, DeviceArgs args) {
    auto device = domain::parse_device(args.xml);
    if (!device) co_return std::unexpected(device.error());
    co_return co_await manager.detach_device(args.dom.uuid, std::move(*device), affects(args.flags));
}

Task<Result<>> detach_device_plain(Manager& manager, DomainText args) {
    auto device = domain::parse_device(args.text);
    if (!device) co_return std::unexpected(device.error());
    co_return co_await manager.detach_device(args.dom.uuid, std::move(*device), guest_only);
}

Task<Result<>> detach_device_alias(Manager& manager, DeviceArgs args) {
    return manager.detach_device(args.dom.uuid, std::move(args.xml), affects(args.flags));
}

/// That it is forced changes nothing: a CD drive here is never locked by its guest.
Task<Result<>> update_device(Manager& manager, DeviceArgs args) {
    auto device = domain::parse_device(args.xml);
    if (!device) co_return std::unexpected(device.error());
    co_return co_await manager.update_device(args.dom.uuid, std::move(*device), affects(args.flags));
}

}  // namespace virtlight::libvirt::calls
