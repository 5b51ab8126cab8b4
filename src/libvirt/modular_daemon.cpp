// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libvirt/modular_daemon.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <system_error>
#include <tuple>

#include <poll.h>

#include "async/bounded.hpp"
#include "base/file.hpp"
#include "base/limits.hpp"
#include "base/log.hpp"
#include "libvirt/event_messages.hpp"
#include "libvirt/socket.hpp"

namespace virtlight::libvirt {
namespace {

std::string_view daemon_name(Served served) {
    return served_by(served).daemon;
}

}  // namespace

/// That the daemon tells of an event.
struct ModularDaemon::Registration {
    std::int32_t event;
    Relay::Serial asked;
    std::optional<std::int32_t> callback{};  ///< none: it has not answered yet
    std::vector<Waiting> waiting{};
};

struct ModularDaemon::Connection {
    Fd socket;
    Relay relay;
    async::WatchId watch{};
    std::map<Relay::Serial, Waiting> asked{};
    std::vector<Registration> registrations{};
};

ModularDaemon::ModularDaemon(async::FdScheduler& scheduler, Served served, std::filesystem::path socket)
    : scheduler_(scheduler), served_(served), socket_(std::move(socket)) {}

ModularDaemon::~ModularDaemon() {
    stop();
}

bool ModularDaemon::is_there() const {
    std::error_code nowhere;
    return !socket_.empty() && std::filesystem::is_socket(socket_, nowhere);
}

async::Task<Result<LateAnswer>> ModularDaemon::call(Asker asker, std::int32_t procedure, Bytes payload) {
    keep_watching();
    const auto connection = connected(asker);
    if (!connection) co_return std::unexpected(connection.error());
    auto& asked = (*connection)->asked;
    auto& relay = (*connection)->relay;
    if (asked.size() >= limits::modular_calls)
        co_return fail(Reason::too_many, "{} questions to libvirt's {} wait already", asked.size(),
                       daemon_name(served_));
    if (relay.unsent() + payload.size() > limits::modular_unsent)
        co_return fail(Reason::too_many,
                       "{} bytes for libvirt's {} wait already, and with {} more they would be over {}",
                       relay.unsent(), daemon_name(served_), payload.size(), limits::modular_unsent);
    const Waiting answer;
    asked.emplace(relay.ask(procedure, payload), answer);
    send(asker.client);  // the connection may be gone from here on
    Error late{Reason::timed_out, fmt::format("libvirt's {} has not answered within {} s",
                                              daemon_name(served_), seconds(limits::modular_answer).count())};
    co_return co_await async::bounded(scheduler_, answer, limits::modular_answer, std::move(late));
}

/// What was begun for it goes on there, as that daemon does it with each client that leaves.
void ModularDaemon::leave(ConnectionId client) {
    const auto left = connections_.extract(client);
    if (!left) return;
    scheduler_.unwatch(left.mapped()->watch);
    for (const auto& [serial, waiting] : left.mapped()->asked)
        waiting.set(fail(Reason::cancelled, "the client has left"));
}

Result<Fd> ModularDaemon::new_socket() const {
    if (stopping_) return fail(Reason::operation_failed, "the daemon stops");
    if (!is_there()) return std::unexpected(not_served(served_));
    auto socket = connect_at_once(socket_);
    if (socket) socket->keep_from_children();
    return socket;
}

Result<ModularDaemon::Connection*> ModularDaemon::connected(Asker asker) {
    if (const auto found = connections_.find(asker.client); found != connections_.end())
        return found->second.get();
    auto socket = new_socket();
    if (!socket) return std::unexpected(socket.error());
    Relay relay(std::string(served_by(served_).uri), asker.read_only);
    auto& connection = connections_[asker.client];
    connection =
        std::make_unique<Connection>(Connection{.socket = *std::move(socket), .relay = std::move(relay)});
    connection->watch = scheduler_.watch(connection->socket.get(), POLLIN | POLLOUT,
                                         [this, of = asker.client](short revents) { ready(of, revents); });
    if (asker.client == ours)
        for (const auto event : watched_)
            registered(*connection, event);
    return connection.get();
}

void ModularDaemon::ready(ConnectionId of, short revents) {
    if ((revents & ~POLLOUT) == 0 || take_answers(of)) send(of);
}

/// False: the connection is gone.
bool ModularDaemon::take_answers(ConnectionId of) {
    auto& connection = *connections_.at(of);
    auto& relay = connection.relay;
    static thread_local std::array<std::uint8_t, limits::read_bytes> buffer;
    const auto got = read_some(connection.socket.get(), buffer);
    if (!got) return drop(of, got.error());
    relay.receive(View(buffer).first(*got));
    // Whoever is answered goes on at once and may come back here: first all that has come is taken.
    Answered answered;
    auto told = relay.next();
    for (; told && *told; told = relay.next()) {
        if (auto found = connection.asked.extract((*told)->serial))
            answered.emplace_back(std::move(found.mapped()), std::move((*told)->answer));
        else
            registration_answered(connection, **told, answered);
    }
    const auto happened = events(connection);
    const bool stands = told.has_value() || drop(of, told.error());
    for (auto& [waiting, answer] : answered)
        waiting.set(std::move(answer));
    for (const auto& event : happened)
        if (tell_) tell_(event);
    return stands && connections_.contains(of);
}

/// What the socket takes now. False: the connection is gone.
bool ModularDaemon::send(ConnectionId of) {
    auto& connection = *connections_.at(of);
    if (!connection.relay.output().empty()) {
        const auto put = write_some(connection.socket.get(), connection.relay.output());
        if (!put) return drop(of, put.error());
        connection.relay.sent(*put);
    }
    const bool full = !connection.relay.output().empty();
    scheduler_.rewatch(connection.watch, static_cast<short>(full ? POLLIN | POLLOUT : POLLIN));
    return true;
}

/// Always false, as the connection is gone.
bool ModularDaemon::drop(ConnectionId of, const Error& why) {
    const auto connection = std::move(connections_.extract(of).mapped());
    scheduler_.unwatch(connection->watch);
    if (of == ours && !watched_.empty()) look_for_it_soon();
    const auto gone = [&](const Waiting& waiting) {
        if (stopping_) return waiting.set(std::unexpected(why));
        waiting.set(fail(why.reason, "libvirt's {} does not answer: {}", daemon_name(served_), why.message));
    };
    for (const auto& [serial, waiting] : connection->asked)
        gone(waiting);
    for (const auto& registration : connection->registrations)
        std::ranges::for_each(registration.waiting, gone);
    return false;
}

void ModularDaemon::stop() {
    const Error stops{Reason::operation_failed, "the daemon stops"};
    stopping_ = true;
    scheduler_.cancel(next_try_);
    while (!connections_.empty())
        drop(connections_.begin()->first, stops);
    const auto streams = *streams_;
    for (auto* const stream : streams)
        stream->end(stops);
}

// Streams

async::Task<Result<LateAnswer>> ModularDaemon::open_stream(std::int32_t procedure, Bytes payload,
                                                           std::function<void()> wake) {
    if (streams_->size() >= limits::modular_streams)
        co_return fail(Reason::too_many, "{} streams are passed on to libvirt's {} already", streams_->size(),
                       daemon_name(served_));
    auto socket = new_socket();
    if (!socket) co_return std::unexpected(socket.error());
    RelayedStream relayed(std::string(served_by(served_).uri), procedure, payload);
    auto stream =
        std::make_unique<ModularStream>(scheduler_, streams_, *std::move(socket), std::move(relayed),
                                        std::string(daemon_name(served_)), std::move(wake));
    const auto pending = stream->start();
    auto answer = co_await pending;
    if (answer && !answer->refused) answer->stream = std::move(stream);
    co_return answer;
}

// Events. Each is registered for once, of all objects, and for good: who wants it of which is decided here.

async::Task<Result<LateAnswer>> ModularDaemon::watch(std::int32_t event) {
    watched_.insert(event);
    const auto connection = connected({});
    if (!connection) {
        look_for_it_soon();
        co_return LateAnswer();
    }
    auto& registration = registered(**connection, event);
    if (registration.callback || registration.waiting.size() >= limits::modular_calls) co_return LateAnswer();
    const Waiting answer;
    registration.waiting.push_back(answer);
    send(ours);
    auto agreed = co_await async::bounded(scheduler_, answer, limits::modular_agreement,
                                          Error{Reason::timed_out, "it has not agreed yet"});
    if (!agreed && agreed.error().reason == Reason::timed_out) co_return LateAnswer();
    co_return agreed;
}

/// As it is on its way, or is made now.
ModularDaemon::Registration& ModularDaemon::registered(Connection& connection, std::int32_t event) {
    auto& all = connection.registrations;
    if (const auto found = std::ranges::find(all, event, &Registration::event); found != all.end())
        return *found;
    const RegisterArgs<NamedUuid> of_all{.event = event};
    const auto asked = connection.relay.ask(served_by(served_).registration, *encode(of_all));
    return all.emplace_back(Registration{.event = event, .asked = asked});
}

void ModularDaemon::registration_answered(Connection& connection, const Relay::Told& told,
                                          Answered& answered) {
    auto& all = connection.registrations;
    const auto found = std::ranges::find(all, told.serial, &Registration::asked);
    if (found == all.end()) return;
    for (auto& waiting : std::exchange(found->waiting, {}))
        answered.emplace_back(std::move(waiting),
                              LateAnswer{.bytes = told.answer.bytes, .refused = told.answer.refused});
    const auto callback = decode<std::int32_t>(told.answer.bytes);
    if (callback && !told.answer.refused) {
        found->callback = *callback;
        tries_ = 0;
        return;
    }
    log::notice("libvirt's {} does not tell of its event {}", daemon_name(served_), found->event);
    watched_.erase(found->event);
    all.erase(found);
}

std::vector<ObjectEvent> ModularDaemon::events(Connection& connection) const {
    std::vector<ObjectEvent> happened;
    for (const auto& [procedure, payload] : connection.relay.take_messages()) {
        XdrReader reader(payload);
        std::int32_t callback = -1;
        NamedUuid object;
        const bool read = reader.get(callback) &&
                          (served_ == Served::secrets ? reader.get(object.uuid) : reader.get(object));
        const auto& all = connection.registrations;
        const auto found = std::ranges::find(all, std::optional(callback), &Registration::callback);
        if (!read || found == all.end()) continue;
        happened.push_back({.of = served_,
                            .event = found->event,
                            .object = object.uuid,
                            .procedure = procedure,
                            .body = Bytes(payload.begin() + sizeof callback, payload.end())});
    }
    return happened;
}

void ModularDaemon::keep_watching() {
    if (!watched_.empty()) std::ignore = connected({});
}

void ModularDaemon::look_for_it_soon() {
    if (next_try_ || stopping_ || socket_.empty()) return;
    if (tries_ == limits::modular_retries)
        log::notice("libvirt's {} is not there: nobody is told of its events until it is",
                    daemon_name(served_));
    const Duration pause = tries_ < limits::modular_retries ? Duration(limits::modular_retry)
                                                            : Duration(limits::modular_late_retry);
    ++tries_;
    next_try_ = scheduler_.call_at(scheduler_.now() + pause, [this] {
        next_try_ = {};
        if (!connected({})) look_for_it_soon();
    });
}

}  // namespace virtlight::libvirt
