// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libvirt/node_device_watch.hpp"

#include <string>
#include <utility>

#include "base/limits.hpp"
#include "base/log.hpp"
#include "libvirt/caller.hpp"
#include "libvirt/event_messages.hpp"
#include "libvirt/serve.hpp"

namespace virtlight::libvirt {

async::Task<Result<std::vector<NodeDevice>>> all_node_devices(manager::Manager& manager) {
    const auto pci = co_await manager.pci_devices();
    if (!pci) co_return std::unexpected(pci.error());
    const auto others = co_await manager.host_devices();
    if (!others) co_return std::unexpected(others.error());
    co_return node_devices(manager.host(), *pci, *others);
}

NodeDeviceWatch::NodeDeviceWatch(async::Scheduler& scheduler, manager::Manager& manager, Tell tell,
                                 Wanted wanted)
    : scheduler_(scheduler), manager_(manager), tell_(std::move(tell)), wanted_(std::move(wanted)) {}

NodeDeviceWatch::~NodeDeviceWatch() {
    stop();
}

async::Task<> NodeDeviceWatch::begin() {
    if (!std::exchange(watching_, true))
        manager_.on_host_devices([this] { look_in(limits::device_change_pause); });
    if (known_) co_return;
    const async::Completion<bool> looked;
    waiting_.push_back(looked);
    if (!looking_) scope_.spawn(look());
    co_await looked;
}

async::Task<> NodeDeviceWatch::look() {
    looking_ = true;
    auto all = co_await all_node_devices(manager_);
    looking_ = false;
    compare(std::move(all));
    let_go_on();
}

void NodeDeviceWatch::compare(Result<std::vector<NodeDevice>> all) {
    const bool failed_before = std::exchange(failing_, !all);
    if (!all) {
        if (!failed_before)
            log::warning("changes of the host's devices are told later: {}", all.error().message);
        return look_in(limits::device_look_retry);
    }
    const auto before = std::exchange(known_, *std::move(all));
    if (!before) return;
    for (const auto& event : node_device_changes(*before, *known_))
        tell_(event);
}

/// A sign that comes during a look may be of what that has not seen any more.
void NodeDeviceWatch::look_in(Duration pause) {
    if (next_look_) return;
    next_look_ = scheduler_.call_at(scheduler_.now() + pause, [this] {
        next_look_ = {};
        if (looking_) return look_in(limits::device_change_pause);
        if (!wanted_()) return rest();
        scope_.spawn(look());
    });
}

void NodeDeviceWatch::rest() {
    if (std::exchange(watching_, false)) manager_.on_host_devices({});
    known_.reset();
}

void NodeDeviceWatch::let_go_on() {
    for (const auto& one : std::exchange(waiting_, {}))
        one.set(true);
}

void NodeDeviceWatch::stop() {
    scheduler_.cancel(std::exchange(next_look_, {}));
    scope_.drop();
    looking_ = false;
    rest();
    let_go_on();
}

namespace {

async::Task<Result<LateAnswer>> answered_when_known(async::Task<> known, Bytes answer) {
    co_await std::move(known);
    co_return LateAnswer{std::move(answer)};
}

}  // namespace

/// The client is answered when it is known which devices there are: from then on it misses nothing.
Answer watch_node_devices(const Procedure& procedure, Caller& caller, View payload) {
    auto args = decode<RegisterArgs<std::string>>(payload);
    if (!args) return unreadable(procedure, args.error());
    const auto id = caller.subscriptions.add_for_devices(args->event, std::move(args->object));
    if (!id) return std::unexpected(id.error());
    auto answer = encode(*id);
    if (!caller.node_devices || !answer) return answer;
    return answered_when_known(caller.node_devices->begin(), *std::move(answer));
}

}  // namespace virtlight::libvirt
