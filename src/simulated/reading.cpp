// SPDX-License-Identifier: LGPL-2.1-or-later
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "hypervisor/definition_files.hpp"
#include "hypervisor/disk_files.hpp"
#include "hypervisor/disk_peek.hpp"
#include "hypervisor/disk_size.hpp"
#include "simulated/attempt.hpp"
#include "simulated/simulated.hpp"

/// What is asked of the host and its domains, and changes nothing.
namespace virtlight::simulated {

async::Task<Result<hypervisor::Snapshot>> Simulated::look() {
    auto attempt = begin(OperationKind::look, "list the domains");
    // Taken at once and handed over later: by then it may be out of date, as it may on Xen.
    auto snapshot = machine_.look();
    if (auto passed = co_await pass(attempt, machine_.settings().times.command, 0); !passed)
        co_return std::unexpected(std::move(passed).error());
    co_return snapshot;
}

async::Task<Result<std::vector<hypervisor::DomainFigures>>> Simulated::measure(
    hypervisor::FiguresWanted wanted) {
    auto attempt = begin(OperationKind::measure, "measure the domains");
    auto figures = machine_.measure(wanted);
    if (auto passed = co_await pass(attempt, machine_.settings().times.command, 0); !passed)
        co_return std::unexpected(std::move(passed).error());
    co_return figures;
}

async::Task<Result<hypervisor::HostFigures>> Simulated::measure_host() {
    return command(OperationKind::measure, "measure the host", 0, {},
                   [this]() -> Result<hypervisor::HostFigures> { return machine_.measure_host(); });
}

async::Task<Result<hypervisor::DiskSize>> Simulated::disk_size(domain::Disk disk) {
    return async::run_blocking(blocking_, scheduler_,
                               [disk = std::move(disk)] { return hypervisor::disk_size(disk); });
}

async::Task<Result<std::string>> Simulated::peek_disk(domain::Disk disk, std::uint64_t offset,
                                                      std::size_t bytes) {
    return async::run_blocking(blocking_, scheduler_, [disk = std::move(disk), offset, bytes] {
        return hypervisor::peek_disk(disk, offset, bytes);
    });
}

async::Task<std::vector<Result<std::optional<hypervisor::FileIdentity>>>> Simulated::identify_files(
    std::vector<std::string> paths, async::CancelToken) {
    return async::run_blocking(blocking_, scheduler_, [paths = std::move(paths)] {
        std::vector<Result<std::optional<hypervisor::FileIdentity>>> all;
        for (const auto& path : paths)
            all.emplace_back(hypervisor::identify_file(path));
        return all;
    });
}

async::Task<Result<std::vector<std::string>>> Simulated::missing_files(domain::Definition definition) {
    return async::run_blocking(blocking_, scheduler_,
                               [definition = std::move(definition)]() -> Result<std::vector<std::string>> {
                                   return hypervisor::missing_files(definition);
                               });
}

async::Task<Result<hypervisor::Picture>> Simulated::screenshot(DomId domid) {
    return command(OperationKind::screenshot, fmt::format("take a picture of domid {}", domid), domid, {},
                   [this, domid] { return machine_.screenshot(domid); });
}

async::Task<Result<domain::Definition>> Simulated::describe(DomId domid, async::CancelToken cancel) {
    return command(OperationKind::describe, fmt::format("describe domid {}", domid), domid, std::move(cancel),
                   [this, domid] { return machine_.describe(domid); });
}

/// All that guests have here is definitions.
async::Task<Result<>> Simulated::check_whole(DomId domid, async::CancelToken cancel) {
    auto described = co_await describe(domid, std::move(cancel));
    if (!described) co_return std::unexpected(std::move(described.error()));
    co_return Result<>{};
}

}  // namespace virtlight::simulated
