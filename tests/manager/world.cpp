// SPDX-License-Identifier: LGPL-2.1-or-later
#include "manager/world.hpp"

#include <functional>

namespace virtlight::manager {
namespace {

async::Task<Result<>> to_result(async::Task<> task) {
    co_await std::move(task);
    co_return Result<>{};
}

}  // namespace

domain::Definition guest_named(const std::string& name) {
    domain::Definition guest;
    guest.name = name;
    const auto hash = std::hash<std::string>{}(name);
    for (std::size_t i = 0; i < 8; ++i)
        guest.uuid.bytes[i] = static_cast<std::uint8_t>(hash >> (8 * i));
    guest.memory_kib = guest.memory_max_kib = 64 * 1024;
    guest.boot.kernel = "/boot/guest";
    guest.consoles.push_back({});
    return guest;
}

World::World(std::nullopt_t) {
    log::set_level(log::Level::error);
    xen.saved = [this](const std::filesystem::path& path) { store.note_file(path); };
}

World::World() : World(std::nullopt) {
    start_up();
}

World::~World() {
    stop();
}

void World::stop() {
    if (!manager) return;
    end_of(to_result(manager->shut_down())).value();
    subscription_ = {};
    loop.run_until([this] { return scope.in_flight() == 0; });
    manager.reset();
}

void World::start_up() {
    manager = std::make_unique<Manager>(loop, xen, store);
    subscription_ =
        manager->subscribe([this](const domain::Event& event) { events_.push_back(to_text(event)); });
    prepare();
    end_of(manager->start_up()).value();
    manager->autostart(boot);
    settle();
}

void World::restart() {
    stop();
    start_up();
}

domain::Definition World::defined(const std::string& name) {
    auto guest = guest_named(name);
    end_of(manager->define(guest)).value();
    events();
    return guest;
}

domain::Definition World::running(const std::string& name) {
    return running(guest_named(name));
}

domain::Definition World::running(const domain::Definition& guest) {
    end_of(manager->define(guest)).value();
    end_of(manager->start(guest.uuid, {})).value();
    settle();
    events();
    return guest;
}

}  // namespace virtlight::manager
