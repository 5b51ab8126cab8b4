// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libvirt/listeners.hpp"

#include <cerrno>
#include <utility>

#include <poll.h>
#include <sys/socket.h>

#include "base/limits.hpp"
#include "base/log.hpp"

namespace virtlight::libvirt {

Listeners::Listeners(async::FdScheduler& scheduler, const ClosingThreads& closing, Connected connected)
    : scheduler_(scheduler), closing_(closing), connected_(std::move(connected)) {}

Listeners::~Listeners() {
    stop();
}

Result<> Listeners::add(Fd socket, bool read_only) {
    socket.keep_from_children();
    auto listener = std::make_unique<Listener>(Listener{std::move(socket), read_only, {}});
    listener->watch = scheduler_.watch(listener->socket.get(), POLLIN,
                                       [this, &accepting = *listener](short) { accept_from(accepting); });
    if (!listener->watch) return fail_errno(errno, "cannot wait for clients");
    listeners_.push_back(std::move(listener));
    return {};
}

void Listeners::accept_from(Listener& listener) {
    if (closing_.unclosed() >= limits::unclosed_descriptors) {
        log::error("no client is taken: {} descriptors of former ones are not closed yet",
                   closing_.unclosed());
        return rest();
    }
    Fd socket(accept4(listener.socket.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (socket) return connected_(std::move(socket), listener.read_only);
    if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)
        return;  // the client has gone, or comes again
    log::error("cannot accept a client: {}", errno_text(errno));
    rest();
}

/// The socket stays ready while no descriptor can be had for the client: without a rest this would spin.
void Listeners::rest() {
    for (const auto& listener : listeners_)
        scheduler_.rewatch(listener->watch, 0);
    scheduler_.cancel(resting_);
    resting_ = scheduler_.call_at(scheduler_.now() + limits::accept_rest, [this] {
        for (const auto& listener : listeners_)
            scheduler_.rewatch(listener->watch, POLLIN);
    });
}

void Listeners::stop() {
    for (const auto& listener : listeners_)
        scheduler_.unwatch(listener->watch);
    listeners_.clear();
    scheduler_.cancel(resting_);
}

}  // namespace virtlight::libvirt
