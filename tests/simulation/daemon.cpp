// SPDX-License-Identifier: LGPL-2.1-or-later
#include "simulation/daemon.hpp"

#include <algorithm>
#include <utility>

namespace virtlight::simulation {

using async::Task;
using hypervisor::Created;
using hypervisor::Operation;
using simulated::DomId;
using simulated::Simulated;

Watched::Watched(simulated::Machine& machine, async::Scheduler& scheduler, async::Blocking& blocking,
                 GuestRules& rules, Asked destroy_asked)
    : Simulated(machine, scheduler, blocking),
      machine_(machine),
      rules_(rules),
      destroy_asked_(std::move(destroy_asked)) {}

Task<Result<Created>> Watched::restore(domain::Definition definition, hypervisor::KnownImage image,
                                       Operation operation) {
    rules_.restores(definition.uuid, image.path);
    return Simulated::restore(std::move(definition), std::move(image), std::move(operation));
}

Task<Result<>> Watched::save(DomId domid, hypervisor::ImageHead head, std::filesystem::path path,
                             Operation operation) {
    rules_.saves(domid, path);
    auto saved = co_await Simulated::save(domid, std::move(head), path, std::move(operation));
    rules_.saving_ended(domid, path);
    if (!saved) rules_.runs(domid);
    co_return saved;
}

Task<Result<>> Watched::unpause(DomId domid, Operation operation) {
    auto unpaused = co_await Simulated::unpause(domid, std::move(operation));
    if (unpaused) rules_.runs(domid);
    co_return unpaused;
}

Task<Result<>> Watched::resume(DomId domid, Operation operation) {
    auto resumed = co_await Simulated::resume(domid, std::move(operation));
    if (resumed) rules_.runs(domid);
    co_return resumed;
}

Task<> Watched::take_back_save(DomId domid) {
    co_await Simulated::take_back_save(domid);
    rules_.runs(domid);
}

Task<Result<>> Watched::destroy(DomId domid, Operation operation) {
    const auto snapshot = machine_.look();
    const auto seen = std::ranges::find(snapshot.domains, domid, &hypervisor::DomainSeen::domid);
    if (seen != snapshot.domains.end()) rules_.destroys(domid, destroy_asked_(seen->uuid));
    return Simulated::destroy(domid, std::move(operation));
}

void Daemon::Writer::submit(async::Work work) {
    scheduler_.post([this, work = std::move(work)]() mutable {
        work();
        if (disk_.crashed()) scheduler_.die();
    });
}

Daemon::Daemon(async::VirtualLoop& loop, simulated::Machine& machine, Disk& disk, GuestRules& rules,
               Watched::Asked destroy_asked, const Spoil& spoil)
    : scheduler_(loop),
      writer_(scheduler_, disk),
      store_(disk.path(), "boot-1", writer_, scheduler_),
      spoilt_(spoil ? spoil(store_) : nullptr),
      hypervisor_(machine, scheduler_, writer_, rules, std::move(destroy_asked)),
      manager_(std::make_unique<manager::Manager>(scheduler_, hypervisor_, spoilt_ ? *spoilt_ : store_)) {
    manager_->watch_lives(lives_);
}

Daemon::~Daemon() {
    scheduler_.die();
    clients_.drop();
    manager_.reset();
}

}  // namespace virtlight::simulation
