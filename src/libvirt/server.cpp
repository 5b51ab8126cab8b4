// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libvirt/server.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <tuple>
#include <utility>
#include <vector>

#include <poll.h>

#include "base/log.hpp"
#include "domain/text.hpp"
#include "libvirt/socket.hpp"
#include "manager/drained.hpp"

namespace virtlight::libvirt {

struct Server::Connection {
    Fd socket;
    Caller caller;
    async::WatchId watch{};
    async::TimerId timer{};
    Time timer_due = Time::max();
    bool due_soon = false;  ///< serve() is posted
};

Server::Server(async::FdScheduler& scheduler, manager::Manager& manager, Options options)
    : scheduler_(scheduler),
      manager_(manager),
      options_(options),
      listeners_(scheduler, closing_,
                 [this](Fd socket, bool read_only) { add_client(std::move(socket), read_only); }),
      node_devices_(
          scheduler, manager, [this](const NodeDeviceEvent& event) { tell(event); },
          [this] {
              return std::ranges::any_of(connections_, [](const auto& entry) {
                  return entry.second->caller.subscriptions.want_devices();
              });
          }),
      self_(std::make_shared<Server*>(this)) {
    events_ = manager_.subscribe([this](const domain::Event& event) { tell(event); });
    if (options_.daemons) options_.daemons->on_event([this](const ObjectEvent& event) { tell(event); });
}

Server::~Server() {
    if (options_.daemons) options_.daemons->on_event({});
    while (!connections_.empty())
        drop(connections_.begin()->first, "the daemon stops");
}

// Accepting

Result<> Server::listen(Fd socket, bool read_only) {
    return listeners_.add(std::move(socket), read_only);
}

void Server::add_client(Fd socket, bool read_only) {
    socket.keep_from_children();
    if (connections_.size() >= options_.max_clients)
        return turn_away(std::move(socket), fmt::format("there are {} already", connections_.size()));
    const auto peer = peer_of(socket.get());
    if (!peer) return turn_away(std::move(socket), peer.error().message);
    // One that forgets to close its own must not lock all others out.
    if (const auto its = clients_of(peer->pid); its >= options_.max_of_process)
        return turn_away(std::move(socket), fmt::format("its process, {} ({}), has {} connections already",
                                                        peer->pid, domain::shown(peer->command), its));

    const auto id = ids_.next();
    auto connection = std::make_unique<Connection>(Connection{
        .socket = std::move(socket),
        .caller = {.manager = manager_,
                   .session = Session(read_only, scheduler_.now()),
                   .id = id,
                   .consoles = options_.consoles,
                   .daemons = options_.daemons,
                   .node_devices = &node_devices_,
                   .wake = [this, id] { serve_soon(id); },
                   .uid = peer->uid,
                   .pid = peer->pid,
                   .name = fmt::format("pid {} ({}), uid {}", peer->pid, peer->command, peer->uid)}});
    connection->watch = scheduler_.watch(connection->socket.get(), POLLIN, [this, id](short revents) {
        if ((revents & (POLLIN | POLLHUP | POLLERR)) != 0) read_from(id, revents);
        serve(id);
    });
    if (!connection->watch) return turn_away(std::move(connection->socket), errno_text(errno));
    log::debug("client {}: pid {}, uid {}", id.value, peer->pid, peer->uid);
    rearm(id, *connection);
    connections_.emplace(id, std::move(connection));
}

std::size_t Server::clients_of(pid_t process) const {
    return static_cast<std::size_t>(std::ranges::count_if(
        connections_, [process](const auto& entry) { return entry.second->caller.pid == process; }));
}

void Server::turn_away(Fd socket, std::string_view why) {
    log::warning("a client is turned away: {}", why);
    closing_.close_socket(std::move(socket));
}

// One connection

Server::Connection* Server::find(ConnectionId id) {
    const auto found = connections_.find(id);
    return found == connections_.end() ? nullptr : found->second.get();
}

void Server::read_from(ConnectionId id, short revents) {
    auto* const connection = find(id);
    if (!connection) return;
    if (!connection->caller.session.wants_input()) {
        if ((revents & POLLHUP) != 0) drop_left(id);
        return;
    }
    static thread_local std::array<std::uint8_t, limits::read_bytes> buffer;
    std::vector<Fd> descriptors;
    const auto got = read_some(connection->socket.get(), buffer, descriptors);
    const bool too_many = !descriptors.empty() && closing_.unclosed() >= limits::unclosed_descriptors;
    closing_.close(std::move(descriptors));
    if (!got) return drop(id, got.error().message);
    if (too_many) return drop(id, "it sends descriptors, and those before them are not closed yet");
    if (*got > 0) connection->caller.session.receive(View(buffer).first(*got), scheduler_.now());
}

void Server::serve_soon(ConnectionId id) {
    auto* const connection = find(id);
    if (!connection || std::exchange(connection->due_soon, true)) return;
    scheduler_.post([weak = std::weak_ptr(self_), id] {
        if (const auto self = weak.lock()) (*self)->serve(id);
    });
}

/// Performs what has come, sends what is ready, and says what to wait for next.
void Server::serve(ConnectionId id) {
    auto* const connection = find(id);
    if (!connection) return;
    connection->due_soon = false;
    auto& session = connection->caller.session;

    const auto others_turn = scheduler_.now() + limits::turn;
    bool more = true;
    for (int calls = 0; calls < limits::calls_per_turn && scheduler_.now() < others_turn; ++calls) {
        const auto call = session.next_call();
        more = call.has_value();
        if (!more) break;
        perform(id, connection->caller, *call);
    }
    const bool was_held_up = !session.wants_input();
    const bool streaming = session.send_streams(scheduler_.now());
    if (!write_to(*connection)) return drop_left(id);
    if (session.ended()) return drop(id, session.end_reason());

    more = more || (was_held_up && session.wants_input()) || (streaming && session.output().empty());
    if (more) serve_soon(id);
    // Also of one that is not to say more it is to be known when it is gone.
    const auto input = !session.wants_input() ? POLLHUP : more ? 0 : POLLIN;
    const auto output = session.output().empty() ? 0 : POLLOUT;
    scheduler_.rewatch(connection->watch, static_cast<short>(input | output));
    rearm(id, *connection);
}

void Server::perform(ConnectionId id, Caller& caller, const Call& call) {
    if (stopping_) return caller.session.reply(call.id, fail(Reason::operation_failed, "the daemon stops"));
    const manager::Manager::Asking asking(manager_, caller.name);
    auto answer = call.procedure->perform(*call.procedure, caller, call.payload);
    if (const auto* const now = std::get_if<Result<Bytes>>(&answer)) {
        caller.session.reply(call.id, *now);
        if (caller.stream) caller.session.streams().open(call.header, std::move(caller.stream));
    } else {
        auto later = std::get<async::Task<Result<LateAnswer>>>(std::move(answer));
        scope_.spawn(answer_later(id, call.id, call.header, std::move(later)));
    }
}

async::Task<> Server::answer_later(ConnectionId id, CallId call, Header header,
                                   async::Task<Result<LateAnswer>> task) {
    auto answer = co_await std::move(task);
    auto* const connection = find(id);
    if (!connection) co_return;
    auto& session = connection->caller.session;
    if (answer && answer->unregistered)
        std::ignore = connection->caller.subscriptions.remove(*answer->unregistered);
    if (answer && answer->stream && session.streams().size() >= limits::streams)
        answer = no_room_for_stream();
    if (!answer) {
        session.reply(call, std::unexpected(std::move(answer.error())));
    } else {
        session.reply(call, std::move(answer->bytes),
                      answer->refused ? MessageStatus::error : MessageStatus::ok);
        if (answer->stream) session.streams().open(header, std::move(answer->stream));
    }
    serve_soon(id);
}

/// False: nobody reads at the other end.
bool Server::write_to(Connection& connection) {
    auto& session = connection.caller.session;
    if (session.output().empty()) return true;
    const auto put = write_some(connection.socket.get(), session.output());
    if (!put) return false;
    session.sent(*put, scheduler_.now());
    return true;
}

/// One whose other end is gone: as it has said, or without a word.
void Server::drop_left(ConnectionId id) {
    const auto* const connection = find(id);
    const bool said = connection && connection->caller.session.closed();
    drop(id, said ? "" : "it has closed the connection");
}

void Server::drop(ConnectionId id, std::string_view reason) {
    const auto found = connections_.find(id);
    if (found == connections_.end()) return;
    auto& connection = *found->second;
    if (reason.empty()) {
        log::debug("client {} has closed its connection", id.value);
    } else {
        log::info("client {} (pid {}) is gone: {}", id.value, connection.caller.pid, reason);
    }
    scheduler_.unwatch(connection.watch);
    scheduler_.cancel(connection.timer);
    closing_.close_socket(std::move(connection.socket));
    connections_.erase(found);
    if (options_.daemons) options_.daemons->leave(id);
}

// Time

void Server::tick(ConnectionId id) {
    auto* const connection = find(id);
    if (!connection) return;
    connection->timer_due = Time::max();
    connection->caller.session.tick(scheduler_.now());
    serve(id);
}

/// A timer that fires too early only asks again, so that it need not be set anew for each message.
void Server::rearm(ConnectionId id, Connection& connection) {
    const auto due = connection.caller.session.deadline();
    if (due >= connection.timer_due) return;
    scheduler_.cancel(connection.timer);
    connection.timer_due = due;
    connection.timer = scheduler_.call_at(due, [this, id] { tick(id); });
}

// Events and the end

template <class Event>
void Server::tell(const Event& event) {
    for (const auto& [id, connection] : connections_) {
        for (const auto& message : connection->caller.subscriptions.messages(event)) {
            connection->caller.session.send_event(message.procedure, message.payload);
            serve_soon(id);
        }
    }
}

async::Task<> Server::shut_down() {
    listeners_.stop();
    stopping_ = true;
    if (options_.daemons) options_.daemons->stop();
    node_devices_.stop();
    if (!co_await manager::drained_within(scheduler_, scope_, waiters_, limits::shut_down_wait))
        log::error("{} calls of clients have no answer", scope_.in_flight());
    waiters_.drop();
    scope_.drop();
    while (!connections_.empty()) {
        const auto& [id, connection] = *connections_.begin();
        write_to(*connection);
        drop(id, "the daemon stops");
    }
}

}  // namespace virtlight::libvirt
