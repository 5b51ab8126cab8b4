// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libxl/bench.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <thread>

#include <fmt/format.h>

#include "libxl/clock.hpp"
#include "libxl/referee.hpp"

namespace virtlight::fake {

Bench::Bench(const BridgeKind& kind) {
    Referee::get().begin();
    bridge_ = kind.make();
}

Bench::~Bench() {
    set_wall_clock_right();
    Referee::get().begin();
    for (auto& ao : aos_)
        if (ao.ends == 0 && !ao.refused) abort(ao);
    wait(
        [this] { return std::ranges::all_of(aos_, [](const Ao& ao) { return ao.ends > 0 || ao.refused; }); });
    // Whatever is left of timeouts and children is served.
    settle();
}

Bench::Ao& Bench::start(std::string name, const Start& start) {
    auto& ao = aos_.emplace_back(std::move(name), this);
    const auto callback = how(ao);
    call([&](libxl_ctx* ctx) { ao.refused = start(ctx, &callback) != 0; });
    return ao;
}

void Bench::abort(Ao& ao) {
    const auto callback = how(ao);
    call([&](libxl_ctx* ctx) { libxl_ao_abort(ctx, &callback); });
}

Bench::Ao& Bench::shut_down(unsigned domid) {
    return start(fmt::format("shut down {}", domid), [domid](libxl_ctx* ctx, const libxl_asyncop_how* how) {
        return libxl_domain_shutdown(ctx, domid, how);
    });
}

void Bench::ended(libxl_ctx*, int rc, void* for_callback) {
    auto& ao = *static_cast<Ao*>(for_callback);
    {
        const std::scoped_lock lock(ao.bench->trace_mutex_);
        ao.bench->trace_.push_back(fmt::format("{} ends with {}", ao.name, rc));
    }
    ao.rc = rc;
    ++ao.ends;
}

std::vector<std::string> Bench::trace() const {
    const std::scoped_lock lock(trace_mutex_);
    return trace_;
}

libxl_asyncop_how Bench::how(Ao& ao) {
    return {.callback = ended, .u = {.for_callback = &ao}};
}

std::shared_ptr<void> Bench::occupy() {
    // A condition variable, as a thread that waits so takes its signals under ThreadSanitizer, too.
    struct Door {
        std::mutex mutex;
        std::condition_variable moved;
        bool occupied = false;
        bool open = false;
    };
    const auto door = std::make_shared<Door>();
    bridge_->post([door] {
        std::unique_lock lock(door->mutex);
        door->occupied = true;
        door->moved.notify_all();
        door->moved.wait(lock, [&] { return door->open; });
    });
    std::unique_lock lock(door->mutex);
    door->moved.wait(lock, [&] { return door->occupied; });
    return {nullptr, [door](void*) {
                const std::scoped_lock opening(door->mutex);
                door->open = true;
                door->moved.notify_all();
            }};
}

void Bench::settle() {
    // Twice: what was there is served before or after the first step, and before the second.
    for (int i = 0; i < 2; ++i)
        std::ignore = occupy();
}

void Bench::expect(bool good, const std::string& what) {
    if (!good) complaints_.push_back(what);
}

void Bench::expect_end(Ao& ao, int rc) {
    wait_for_end(ao);
    expect(!ao.refused, ao.name + " is refused");
    expect(ao.ends == 1, fmt::format("{} ends {} times", ao.name, ao.ends.load()));
    expect(ao.rc == rc, fmt::format("{} ends with {} and not with {}", ao.name, ao.rc.load(), rc));
}

void Bench::expect_waiting(Ao& ao) {
    constexpr auto a_while = milliseconds(30);
    std::this_thread::sleep_for(a_while);
    settle();
    expect(ao.ends == 0 && !ao.refused,
           fmt::format("{} ends ({}) when it has to wait", ao.name, ao.rc.load()));
}

bool Bench::wait(const std::function<bool()>& happened, Duration bound) {
    constexpr auto interval = std::chrono::microseconds(200);
    for (const auto end = real_now() + bound; !happened(); std::this_thread::sleep_for(interval))
        if (real_now() > end) return false;
    return true;
}

std::vector<std::string> Bench::complaints() const {
    auto all = complaints_;
    const auto faults = Referee::get().faults();
    all.insert(all.end(), faults.begin(), faults.end());
    return all;
}

}  // namespace virtlight::fake
