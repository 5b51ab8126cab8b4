// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <iterator>

#include "hypervisor/disk_files.hpp"
#include "hypervisor/disk_peek.hpp"
#include "xenlight/guest_files.hpp"
#include "xenlight/host.hpp"
#include "xenlight/measure.hpp"
#include "xenlight/screenshot.hpp"
#include "xenlight/topology.hpp"
#include "xenlight/xen_hypervisor.hpp"

/// What there is to see, and how much of it: domains, their figures, disks and screens, and the host's.
namespace virtlight::xenlight {

using hypervisor::DomId;
using hypervisor::Snapshot;

namespace {

/// Who takes a guest apart pauses it first, and then ends its device model: so that is looked at first, too.
Result<Snapshot> look_with_models(Context& context, const DeviceModels::Lives& lives, DeviceModels& models) {
    const auto ended = models.ended(lives, [&context](DomId domid) {
        return context.xenstore().read_number(fmt::format("/local/domain/{}/image/device-model-pid", domid));
    });
    auto snapshot = xenlight::look(context);
    if (!snapshot) {
        models = DeviceModels();  // xenstored may not have answered
        return snapshot;
    }
    for (auto& seen : snapshot->domains)
        seen.model_ended = ended.contains(seen.domid);
    return snapshot;
}

}  // namespace

/// What libxl makes after it was given up is about to go, and nobody's guest: it is not seen. A guest that
/// has suspended itself for nothing is about to go on: nobody needs to see it so. Both go by what is known
/// before the look and after it, as it may be of any moment between.
async::Task<Result<Snapshot>> XenHypervisor::look() {
    auto unseen = builds_.given_up();
    auto late = late_suspends_.followed();
    auto snapshot = co_await watching_.call([lives = lives_, models = models_](Context& watching) {
        return look_with_models(watching, *lives, *models);
    });
    std::ranges::copy(builds_.given_up(), std::back_inserter(unseen));
    late.merge(late_suspends_.followed());
    if (!snapshot) co_return snapshot;
    std::erase_if(snapshot->domains, [&](const hypervisor::DomainSeen& seen) {
        return std::ranges::find(unseen, seen.uuid) != unseen.end();
    });
    for (auto& seen : snapshot->domains) {
        const auto found = late.find(seen.domid);
        if (found == late.end() || found->second != seen.uuid) continue;
        if (seen.stopped == hypervisor::StopReason::suspend) seen.stopped.reset();
    }
    co_return snapshot;
}

bool XenHypervisor::may_still_come(const Uuid& uuid) const {
    const auto given_up = builds_.given_up();
    return std::ranges::find(given_up, uuid) != given_up.end();
}

async::Task<Result<std::vector<hypervisor::DomainFigures>>> XenHypervisor::measure(
    hypervisor::FiguresWanted wanted) {
    auto all =
        co_await measuring_.call([wanted](Context& context) { return xenlight::measure(context, wanted); });
    if (all && wanted.disks) co_await add_models_counts(*all, wanted.patience);
    co_return all;
}

/// Of the disks that dom0's kernel does not serve.
async::Task<> XenHypervisor::add_models_counts(std::vector<hypervisor::DomainFigures>& all,
                                               Duration patience) {
    const auto modelled =
        co_await measuring_.call([](Context&) -> Result<std::vector<DomId>> { return guests_with_models(); });
    if (!modelled) co_return;
    model_counters_.keep(*modelled);
    std::vector<ModelCounters::Guest> guests;
    for (const auto& domain : all)
        if (std::ranges::binary_search(*modelled, domain.seen.domid))
            guests.push_back({domain.seen.domid, domain.seen.uuid});
    co_await model_counters_.refresh(std::move(guests), patience);
    for (auto& domain : all)
        add_model_disks(model_counters_.of({domain.seen.domid, domain.seen.uuid}), domain.disks);
}

async::Task<Result<hypervisor::HostFigures>> XenHypervisor::measure_host() {
    return measuring_.call(xenlight::measure_host);
}

async::Task<Result<hypervisor::DiskSize>> XenHypervisor::disk_size(domain::Disk disk) {
    auto place = place_of_data(disk.path);
    return looks_.look(std::move(place), [disk = std::move(disk)] { return hypervisor::disk_size(disk); });
}

async::Task<Result<std::string>> XenHypervisor::peek_disk(domain::Disk disk, std::uint64_t offset,
                                                          std::size_t bytes) {
    auto place = place_of_data(disk.path);
    return looks_.look(std::move(place), [disk = std::move(disk), offset, bytes] {
        return hypervisor::peek_disk(disk, offset, bytes);
    });
}

async::Task<std::vector<Result<std::optional<hypervisor::FileIdentity>>>> XenHypervisor::identify_files(
    std::vector<std::string> paths, async::CancelToken cancel) {
    return looks_.identify(std::move(paths), std::move(cancel));
}

async::Task<Result<std::vector<std::string>>> XenHypervisor::missing_files(domain::Definition definition) {
    co_return co_await look_for_missing_files(looks_, std::move(definition));
}

async::Task<Result<hypervisor::Picture>> XenHypervisor::screenshot(DomId domid) {
    return async::run_blocking(model_threads_, core_, [domid] { return take_picture(domid); });
}

async::Task<Result<std::vector<hypervisor::Neighbour>>> XenHypervisor::neighbours() {
    return looks_.look("/proc/net", [] { return hypervisor::read_neighbours(); });
}

}  // namespace virtlight::xenlight
