// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/device_models.hpp"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/limits.hpp"
#include "xenlight/pidfd.hpp"
#include "xenlight/qmp.hpp"

namespace virtlight::xenlight {
namespace {

using hypervisor::DomId;
using hypervisor::LifeId;

/// To read the words that it was started with may take as long as its memory is locked.
bool is_called_qemu(std::uint64_t process) {
    std::ifstream file(fmt::format("/proc/{}/comm", process));
    std::string name;
    std::getline(file, name);
    return name.contains("qemu");
}

/// Says of a program of any name that it is the one.
bool listens_at(const std::filesystem::path& socket, std::uint64_t process) {
    const auto connection = connect_to_model(socket);
    if (!connection) return false;
    ucred listener{};
    socklen_t size = sizeof listener;
    return ::getsockopt(connection->get(), SOL_SOCKET, SO_PEERCRED, &listener, &size) == 0 &&
           std::cmp_equal(listener.pid, process);
}

}  // namespace

DeviceModels::Model DeviceModels::find(std::optional<std::uint64_t> number, DomId domid) const {
    if (!number || *number == 0 || *number > std::numeric_limits<pid_t>::max()) return {};
    Model model{.number = *number, .process = open_pidfd(static_cast<pid_t>(*number))};
    if (!model.process) {
        model.ended = errno == ESRCH;
    } else if (!is_called_qemu(*number) && !listens_at(measuring_socket(domid, folder_), *number)) {
        model.process.reset();
    }
    return model;
}

std::unordered_set<DomId> DeviceModels::ended(const Lives& lives, const Named& named) {
    std::erase_if(models_, [&](const auto& each) { return !lives.contains(each.first); });
    std::erase_if(without_, [&](LifeId life) { return !lives.contains(life); });
    seek(lives, named);
    for (const auto& [life, domid] : lives)
        if (!models_.contains(life)) keep(life, find(named(domid), domid));
    look();
    std::unordered_set<DomId> domids;
    for (auto& [life, model] : models_) {
        if (!model.ended) continue;
        const auto domid = lives.at(life);
        if (const auto number = named(domid); number != model.number) keep(life, find(number, domid));
        if (model.ended) domids.insert(domid);
    }
    return domids;
}

void DeviceModels::keep(LifeId life, Model model) {
    if (!model.process && !model.ended) without_.push_back(life);
    models_.insert_or_assign(life, std::move(model));
}

/// What was another process's number stays so when that has ended; but it may have been about to become the
/// device model.
void DeviceModels::seek(const Lives& lives, const Named& named) {
    for (auto left = std::min(without_.size(), limits::models_sought); left > 0; --left) {
        const auto life = without_.front();
        without_.pop_front();
        const auto domid = lives.at(life);
        auto model = find(named(domid), domid);
        if (model.number == models_.at(life).number) model.ended = false;
        keep(life, std::move(model));
    }
}

/// At all of them with one call.
void DeviceModels::look() {
    std::vector<pollfd> states;
    std::vector<Model*> models;
    for (auto& [life, model] : models_) {
        if (!model.process) continue;
        states.push_back({.fd = model.process.get(), .events = POLLIN, .revents = 0});
        models.push_back(&model);
    }
    if (states.empty() || ::poll(states.data(), states.size(), 0) <= 0) return;
    for (std::size_t i = 0; i < states.size(); ++i) {
        if (states[i].revents == 0) continue;
        models[i]->ended = true;
        models[i]->process.reset();
    }
}

}  // namespace virtlight::xenlight
