// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/os_events.hpp"

#include <cstdio>
#include <cstdlib>

#include "base/log.hpp"

namespace virtlight::xenlight {
namespace {

OsEvents& self_of(void* self) {
    return *static_cast<OsEvents*>(self);
}

timeval wall_clock() {
    timeval now{};
    ::gettimeofday(&now, nullptr);
    return now;
}

}  // namespace

const libxl_osevent_hooks OsEvents::hooks = {
    .fd_register = fd_register,
    .fd_modify = fd_modify,
    .fd_deregister = fd_deregister,
    .timeout_register = timeout_register,
    .timeout_modify = timeout_modify,
    .timeout_deregister = timeout_deregister,
};

OsEvents::OsEvents(async::FdScheduler& loop, Handle& handle) : loop_(loop), handle_(handle) {
    handle_.enter([this](libxl_ctx* ctx) { libxl_osevent_register_hooks(ctx, &hooks, this); });
}

OsEvents::~OsEvents() {
    for (const auto watch : watches_)
        loop_.unwatch(watch);
    for (const auto timer : ledger_.forget())
        loop_.cancel(timer);
}

// libxl promises that *registration is null on entry, and breaks the promise when it uses a place of its
// memory again: it is written here and never read.
int OsEvents::fd_register(void* self, int fd, void** registration, short events, void* for_libxl) noexcept {
    auto& hub = self_of(self);
    const auto id =
        hub.loop_.watch(fd, events, [&handle = hub.handle_, fd, events, for_libxl](short revents) {
            // libxl polls for itself; what it is told here only makes it look.
            handle.enter(
                [=](libxl_ctx* ctx) { libxl_osevent_occurred_fd(ctx, for_libxl, fd, events, revents); });
        });
    // Never refused: where libxl cleans up after a refusal it crashes. What is no descriptor is never ready,
    // and the operation ends by its timeout.
    if (id)
        hub.watches_.insert(id);
    else
        log::warning("libxl waits for {}, which is no descriptor", fd);
    *registration = as_pointer(id);
    return 0;
}

int OsEvents::fd_modify(void* self, int, void** registration, short events) noexcept {
    self_of(self).loop_.rewatch(as_id<async::WatchId>(*registration), events);
    return 0;
}

// libxl closes the descriptor next. unwatch() has told the kernel by the time it returns: a child of libxl's
// may hold the file open for long, and the kernel would go on reporting it.
void OsEvents::fd_deregister(void* self, int, void* registration) noexcept {
    const auto id = as_id<async::WatchId>(registration);
    self_of(self).watches_.erase(id);
    self_of(self).loop_.unwatch(id);
}

int OsEvents::timeout_register(void* self, void** registration, timeval at, void* for_libxl) noexcept {
    auto& hub = self_of(self);
    const auto id = hub.ledger_.add(for_libxl, at);
    const auto wall_now = wall_clock();  // before the other one: at the time to deliver, `at` has come
    hub.arm(id, monotonic_due(at, wall_now, hub.loop_.now()));
    *registration = as_pointer(id);
    return 0;
}

// Only ever means "as soon as possible".
int OsEvents::timeout_modify(void* self, void** registration, timeval) noexcept {
    auto& hub = self_of(self);
    const auto id = as_id<TimeoutId>(*registration);
    if (const auto timer = hub.ledger_.hurry(id)) {
        hub.loop_.cancel(*timer);
        hub.arm(id, hub.loop_.now());
    }
    return 0;
}

void OsEvents::timeout_deregister(void*, void*) noexcept {
    std::fputs("libxl called timeout_deregister, which it promises never to do\n", stderr);
    std::abort();
}

void OsEvents::arm(TimeoutId id, Time due) {
    ledger_.arm(id, loop_.call_at(due, [this, id] { deliver(id); }));
}

void OsEvents::deliver(TimeoutId id) {
    const auto at = ledger_.moment_of_first(id);
    void* const for_libxl = ledger_.deliver(id);
    if (!for_libxl) return;
    handle_.enter([=](libxl_ctx* ctx) { tell(ctx, for_libxl, at); });
}

/// What libxl_osevent_occurred_timeout() delivers stays among what an abort of its operation ends, and libxl
/// then calls null. libxl_osevent_afterpoll() takes it from there; what is left to do is to give back its
/// place. It delivers all that libxl has named an earlier moment for, also what its callbacks ask for
/// meanwhile: so not where a step of the wall clock has mixed up the order.
void OsEvents::tell(libxl_ctx* ctx, void* for_libxl, std::optional<timeval> at) {
    const auto wall_now = wall_clock();
    if (at && !timercmp(&*at, &wall_now, >)) libxl_osevent_afterpoll(ctx, 0, nullptr, *at);
    libxl_osevent_occurred_timeout(ctx, for_libxl);
}

}  // namespace virtlight::xenlight
