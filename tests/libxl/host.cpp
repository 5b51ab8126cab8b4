// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libxl/host.hpp"

#include <cstdio>
#include <cstdlib>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "libxl/clock.hpp"
#include "libxl/referee.hpp"

namespace virtlight::fake {

Host::Rules::Rules() {
    Referee::get().begin();
}

Host::Rules::~Rules() {
    EXPECT_EQ(Referee::get().faults(), std::vector<std::string>{});
}

Host::Host() {
    auto opened = xenlight::XenHypervisor::open(core_);
    if (!opened) {
        std::fprintf(stderr, "%s\n", opened.error().message.c_str());
        std::abort();
    }
    hypervisor_ = std::move(*opened);
}

Host::~Host() {
    all_.cancel();
    EXPECT_TRUE(until([this] { return scope_.in_flight() == 0; })) << "an operation outlived its cancel";
}

bool Host::until(const std::function<bool()>& happened, Duration bound) {
    constexpr auto interval = milliseconds(1);
    for (const auto end = real_now() + bound; !happened();) {
        if (real_now() > end) return false;
        core_.call_at(core_.now() + interval, [this] { core_.stop(); });
        core_.run();
    }
    return true;
}

domain::Definition Host::definition(domain::GuestType type) {
    std::vector<domain::BootDevice> order;
    if (type == domain::GuestType::hvm) order = {domain::BootDevice::disk};
    return {.name = fmt::format("guest-{}", ++definitions_),
            .uuid = Uuid::random(),
            .type = type,
            .memory_max_kib = 64 * 1024,
            .memory_kib = 64 * 1024,
            .boot = {.kernel = machine.kernel(), .order = order},
            .consoles = {{}}};
}

unsigned Host::running(const domain::Definition& definition) {
    const auto created = run(hypervisor_->create(definition, operation()));
    if (!created) {
        ADD_FAILURE() << created.error().message;
        return 0;
    }
    const auto unpaused = run(hypervisor_->unpause(created->domid, operation()));
    if (!unpaused) ADD_FAILURE() << unpaused.error().message;
    return created->domid;
}

}  // namespace virtlight::fake
