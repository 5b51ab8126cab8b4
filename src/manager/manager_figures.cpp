// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <iterator>
#include <set>
#include <utility>
#include <vector>

#include "async/timing.hpp"
#include "base/limits.hpp"
#include "manager/disk_use.hpp"
#include "manager/manager_impl.hpp"

/// What is measured when it is asked for.
namespace virtlight::manager {

using async::Task;

Task<Result<std::vector<hypervisor::DomainFigures>>> Manager::measure(hypervisor::FiguresWanted wanted) {
    if (wanted.nics)
        for (const auto& domain : impl_->core.registry.running())
            for (const auto& nic : domain->life->definition.nics)
                if (!nic.target.empty()) wanted.named_nics[nic.target] = {domain->life->domid, nic.devid};
    return impl_->core.hypervisor.measure(std::move(wanted));
}

Task<Result<hypervisor::HostFigures>> Manager::measure_host() {
    return impl_->core.hypervisor.measure_host();
}

Task<Result<std::vector<hypervisor::Neighbour>>> Manager::neighbours() {
    return impl_->core.hypervisor.neighbours();
}

Task<Result<hypervisor::DiskSize>> Manager::disk_size(Uuid uuid, std::string disk) {
    const auto definition = this->definition(uuid, Which::live);
    if (!definition) co_return std::unexpected(definition.error());
    const auto found = find_disk(*definition, disk);
    if (!found) co_return std::unexpected(found.error());
    co_return co_await impl_->core.hypervisor.disk_size(*found);
}

Task<Result<std::string>> Manager::peek_disk(Uuid uuid, std::string disk, std::uint64_t offset,
                                             std::size_t bytes) {
    const auto definition = this->definition(uuid, Which::live);
    if (!definition) co_return std::unexpected(definition.error());
    const auto found = find_disk(*definition, disk);
    if (!found) co_return std::unexpected(found.error());
    co_return co_await impl_->core.hypervisor.peek_disk(*found, offset, bytes);
}

Task<DisksOfDomains> Manager::disks(std::vector<Uuid> of, Duration patience) {
    const std::set<Uuid> wanted(of.begin(), of.end());
    std::vector<std::pair<Uuid, std::vector<domain::Disk>>> found;
    std::vector<domain::Disk> all;
    const auto domains = impl_->core.registry.all();
    for (std::size_t i = 0; i < domains.size(); ++i) {
        if (i > 0 && i % limits::stats_per_step == 0) co_await give_way();
        const auto& domain = *domains[i];
        const auto* const definition = domain.life     ? &domain.life->definition
                                       : domain.stored ? &*domain.stored
                                                       : nullptr;
        if (!definition || (!wanted.empty() && !wanted.contains(domain.uuid))) continue;
        found.emplace_back(domain.uuid, definition->disks);
        std::ranges::copy(definition->disks, std::back_inserter(all));
    }
    co_await impl_->disk_sizes.look(std::move(all), wanted.empty(), patience);
    DisksOfDomains disks;
    for (std::size_t i = 0; i < found.size(); ++i) {
        if (i > 0 && i % limits::stats_per_step == 0) co_await give_way();
        const auto& [uuid, each] = found[i];
        for (const auto& disk : each)
            disks[uuid].push_back({disk.target, disk.path, impl_->disk_sizes.of(disk)});
    }
    co_return disks;
}

Task<Result<hypervisor::Picture>> Manager::screenshot(Uuid uuid) {
    const auto domain = impl_->existing(uuid);
    if (!domain) co_return std::unexpected(domain.error());
    const auto& life = (*domain)->life;
    if (!life) co_return fail(Reason::invalid_state, "domain '{}' is not running", (*domain)->name);
    if (!life->definition.graphics.any() && life->definition.video.model == domain::Video::Model::none)
        co_return fail(Reason::unsupported_operation, "domain '{}' has no screen", (*domain)->name);
    co_return co_await impl_->core.hypervisor.screenshot(life->domid);
}

Task<> Manager::give_way() {
    return async::give_way(impl_->core.scheduler);
}

}  // namespace virtlight::manager
