// SPDX-License-Identifier: LGPL-2.1-or-later
// Functions of libxl's own that pass by the referee on their way to libxl: the registration of the hooks, so
// that it sees what libxl asks for, and those by which libxl is told of what happened.

#include <algorithm>
#include <list>
#include <mutex>

#include <dlfcn.h>

#include "libxl/referee.hpp"
#include "libxl/schedule.hpp"
#include "xenlight/libxl.hpp"

using virtlight::fake::perturb;
using virtlight::fake::Referee;

namespace {

/// The hooks as they were registered; never forgotten, as libxl may not forget them either.
struct Registered {
    const libxl_ctx* ctx;
    const libxl_osevent_hooks* hooks;
    void* user;
};

std::mutex registering;
/// The newest first, as the place of a context that was freed is used again.
std::list<Registered> registrations;

/// Whoever registered the hooks of a context; null: nobody did.
const void* hub_of(const libxl_ctx* ctx) {
    const std::scoped_lock lock(registering);
    const auto found = std::ranges::find(registrations, ctx, &Registered::ctx);
    return found == registrations.end() ? nullptr : found->user;
}

thread_local int hook_depth = 0;

/// In a hook: other threads may get in before and after.
class InHook {
 public:
    InHook() {
        perturb();
        ++hook_depth;
    }
    InHook(const InHook&) = delete;
    InHook& operator=(const InHook&) = delete;
    ~InHook() { --hook_depth; }
};

Registered& registered(void* user) {
    return *static_cast<Registered*>(user);
}

int fd_register(void* user, int fd, void** registration, short events, void* for_libxl) {
    const InHook in_hook;
    if (Referee::get().refuses_descriptors()) return ERROR_OSEVENT_REG_FAIL;
    auto& [ctx, hooks, hub] = registered(user);
    const int rc = hooks->fd_register(hub, fd, registration, events, for_libxl);
    if (rc == 0) Referee::get().fd_registered(hub, fd, *registration, for_libxl);
    return rc;
}

int fd_modify(void* user, int fd, void** registration, short events) {
    const InHook in_hook;
    auto& [ctx, hooks, hub] = registered(user);
    const void* const before = *registration;
    const int rc = hooks->fd_modify(hub, fd, registration, events);
    Referee::get().fd_modified(hub, fd, before, *registration);
    return rc;
}

void fd_deregister(void* user, int fd, void* registration) {
    const InHook in_hook;
    auto& [ctx, hooks, hub] = registered(user);
    hooks->fd_deregister(hub, fd, registration);
    Referee::get().fd_deregistered(hub, fd, registration);
}

int timeout_register(void* user, void** registration, timeval at, void* for_libxl) {
    const InHook in_hook;
    auto& [ctx, hooks, hub] = registered(user);
    const int rc = hooks->timeout_register(hub, registration, at, for_libxl);
    if (rc == 0) Referee::get().timeout_registered(hub, at, *registration, for_libxl);
    return rc;
}

int timeout_modify(void* user, void** registration, timeval at) {
    const InHook in_hook;
    auto& [ctx, hooks, hub] = registered(user);
    // Before the hook: another thread of a careless hub delivers as soon as it can.
    Referee::get().timeout_hurried(hub, *registration, *registration);
    return hooks->timeout_modify(hub, registration, at);
}

void timeout_deregister(void* user, void* registration) {
    const InHook in_hook;
    auto& [ctx, hooks, hub] = registered(user);
    hooks->timeout_deregister(hub, registration);
}

const libxl_osevent_hooks watched_hooks = {
    .fd_register = fd_register,
    .fd_modify = fd_modify,
    .fd_deregister = fd_deregister,
    .timeout_register = timeout_register,
    .timeout_modify = timeout_modify,
    .timeout_deregister = timeout_deregister,
};

/// The function of this name in libxl.
template <class Function>
Function* in_libxl(const char* name) {
    return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" {

void libxl_osevent_register_hooks(libxl_ctx* ctx, const libxl_osevent_hooks* hooks, void* user) {
    Registered* here = nullptr;
    {
        const std::scoped_lock lock(registering);
        here = &registrations.emplace_front(ctx, hooks, user);
    }
    in_libxl<decltype(libxl_osevent_register_hooks)>("libxl_osevent_register_hooks")(ctx, &watched_hooks,
                                                                                     here);
}

void libxl_osevent_occurred_fd(libxl_ctx* ctx, void* for_libxl, int fd, short events, short revents) {
    static auto* const real = in_libxl<decltype(libxl_osevent_occurred_fd)>("libxl_osevent_occurred_fd");
    perturb();
    Referee::get().fd_occurred(fd, for_libxl, hook_depth > 0);
    real(ctx, for_libxl, fd, events, revents);
}

void libxl_osevent_occurred_timeout(libxl_ctx* ctx, void* for_libxl) {
    static auto* const real =
        in_libxl<decltype(libxl_osevent_occurred_timeout)>("libxl_osevent_occurred_timeout");
    perturb();
    Referee::get().timeout_occurred(for_libxl, hook_depth > 0);
    real(ctx, for_libxl);
}

void libxl_osevent_afterpoll(libxl_ctx* ctx, int count, const pollfd* fds, timeval now) {
    static auto* const real = in_libxl<decltype(libxl_osevent_afterpoll)>("libxl_osevent_afterpoll");
    perturb();
    if (const void* const hub = hub_of(ctx)) Referee::get().moment_told(hub, now, hook_depth > 0);
    real(ctx, count, fds, now);
}

}  // extern "C"
