// SPDX-License-Identifier: LGPL-2.1-or-later
#include <limits>
#include <utility>

#include <sys/types.h>

#include "manager/devices.hpp"
#include "manager/disk_use.hpp"
#include "manager/operations.hpp"

/// How long a disk of a guest that runs is.
namespace virtlight::manager {

using async::Task;
using domain::Disk;
using hypervisor::DiskSize;

namespace {

/// What it is to have, if it can. `wanted` is empty for all that its block device has.
Result<std::uint64_t> new_size(const Disk& disk, const DiskSize& now, std::optional<std::uint64_t> wanted) {
    constexpr std::uint64_t sector = 512;
    constexpr auto most = std::uint64_t{std::numeric_limits<off_t>::max()} / sector * sector;
    const bool device = disk.source == Disk::Source::block && disk.format == Disk::Format::raw;
    if (disk.readonly) return fail(Reason::unsupported_operation, "it is read-only");
    if (!wanted && !device)
        return fail(Reason::unsupported_operation,
                    "it is no block device in raw format, which has a size of its own");
    if (wanted > most) return fail(Reason::invalid_argument, "{} bytes are too many", *wanted);
    const auto bytes = wanted ? (*wanted + sector - 1) / sector * sector : now.physical;
    if (device && bytes > now.physical)
        return fail(Reason::invalid_argument,
                    "block device {} has {} bytes and not {}; it is to grow first, as with lvextend",
                    disk.path, now.physical, bytes);
    if (bytes < now.capacity)
        return fail(
            Reason::unsupported_operation,
            "it has {} bytes, and with {} the guest would lose what is at its end; a disk can only grow",
            now.capacity, bytes);
    return bytes;
}

}  // namespace

Task<Result<>> Devices::resize(DomainRef domain, std::string disk, std::optional<std::uint64_t> bytes,
                               hypervisor::Operation operation) {
    if (auto guest = require_guest(*domain); !guest) co_return guest;
    const auto found = find_disk(domain->life->definition, disk);
    if (!found) co_return std::unexpected(found.error());
    const auto domid = domain->life->domid;
    const auto about = [name = to_string(found->target)](Error why) {
        return Error{why.reason, fmt::format("disk {}: {}", name, why.message), std::move(why.details)};
    };
    const auto now = co_await core_.hypervisor.disk_size(*found);
    if (!now) co_return std::unexpected(now.error());
    const auto size = new_size(*found, *now, bytes);
    if (!size) co_return std::unexpected(about(size.error()));
    auto resized = without_guest(co_await core_.hypervisor.resize_disk(domid, *found, *size, operation));
    if (!resized) co_return std::unexpected(about(std::move(resized.error())));
    co_return resized;
}

}  // namespace virtlight::manager
