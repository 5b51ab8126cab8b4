// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libvirt/modular_daemon.hpp"

#include <algorithm>
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

async::Task<Result<LateAnswer>> ModularDaemon::call(bool read_only, std::int32_t procedure, Bytes payload) {
    keep_watching();
    const auto side = read_only ? looking : writing;
    const auto connection = connected(side);
    if (!connection) co_return std::unexpected(connection.error());
    auto& asked = (*connection)->asked;
    auto& relay = (*connection)->relay;
    if (asked.size() >= limits::modular_calls || relay.unsent() + payload.size() > limits::modular_unsent)
        co_return fail(Reason::too_many, "{} questions to libvirt's {} wait already", asked.size(),
                       daemon_name(served_));
    const Waiting answer;
    asked.emplace(relay.ask(procedure, payload), answer);
    send(side);  // the connection may be gone from here on
    co_return co_await answer_in_time(answer);
}

async::Task<Result<LateAnswer>> ModularDaemon::answer_in_time(Waiting answer) {
    Error late{Reason::timed_out, fmt::format("libvirt's {} has not answered within {} s",
                                              daemon_name(served_), seconds(limits::modular_answer).count())};
    co_return co_await async::bounded(scheduler_, std::move(answer), limits::modular_answer, std::move(late));
}

Result<Fd> ModularDaemon::new_socket() const {
    if (stopping_) return fail(Reason::operation_failed, "the daemon stops");
    if (!is_there()) return std::unexpected(not_served(served_));
    auto socket = connect_at_once(socket_);
    if (socket) socket->keep_from_children();
    return socket;
}

Result<ModularDaemon::Connection*> ModularDaemon::connected(Side side) {
    auto& connection = connections_[side];
    if (connection) return connection.get();
    auto socket = new_socket();
    if (!socket) return std::unexpected(socket.error());
    Relay relay(std::string(served_by(served_).uri), side == looking);
    connection =
        std::make_unique<Connection>(Connection{.socket = *std::move(socket), .relay = std::move(relay)});
    connection->watch = scheduler_.watch(connection->socket.get(), POLLIN | POLLOUT,
                                         [this, side](short revents) { ready(side, revents); });
    if (side == looking)
        for (const auto event : watched_)
            registered(*connection, event);
    return connection.get();
}

void ModularDaemon::ready(Side side, short revents) {
    if ((revents & ~POLLOUT) == 0 || take_answers(side)) send(side);
}

/// False: the connection is gone.
bool ModularDaemon::take_answers(Side side) {
    auto& connection = *connections_[side];
    auto& relay = connection.relay;
    static thread_local std::array<std::uint8_t, limits::read_bytes> buffer;
    const auto got = read_some(connection.socket.get(), buffer);
    if (!got) return drop(side, got.error());
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
    const bool stands = told.has_value() || drop(side, told.error());
    for (auto& [waiting, answer] : answered)
        waiting.set(std::move(answer));
    for (const auto& event : happened)
        if (tell_) tell_(event);
    return stands && connections_[side];
}

/// What the socket takes now. False: the connection is gone.
bool ModularDaemon::send(Side side) {
    auto& connection = *connections_[side];
    if (!connection.relay.output().empty()) {
        const auto put = write_some(connection.socket.get(), connection.relay.output());
        if (!put) return drop(side, put.error());
        connection.relay.sent(*put);
    }
    const bool full = !connection.relay.output().empty();
    scheduler_.rewatch(connection.watch, static_cast<short>(full ? POLLIN | POLLOUT : POLLIN));
    return true;
}

/// Always false, as the connection is gone.
bool ModularDaemon::drop(Side side, const Error& why) {
    const auto connection = std::move(connections_[side]);
    scheduler_.unwatch(connection->watch);
    if (!stopping_) log::notice("libvirt's {} is gone: {}", daemon_name(served_), why.message);
    if (side == looking && !stopping_ && !watched_.empty()) watch_again_soon();
    const auto gone = [&](const Waiting& waiting) {
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
    for (const auto side : {writing, looking})
        if (connections_[side]) drop(side, stops);
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
    if (!is_there()) co_return LateAnswer();
    const auto connection = connected(looking);
    if (!connection) co_return std::unexpected(connection.error());
    auto& registration = registered(**connection, event);
    if (registration.callback) co_return LateAnswer();
    if (registration.waiting.size() >= limits::modular_calls)
        co_return fail(Reason::too_many, "{} wait already to be told of {} by libvirt's {}",
                       registration.waiting.size(), served_by(served_).objects, daemon_name(served_));
    const Waiting answer;
    registration.waiting.push_back(answer);
    send(looking);
    co_return co_await answer_in_time(answer);
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
    if (!watched_.empty()) std::ignore = connected(looking);
}

void ModularDaemon::watch_again_soon() {
    scheduler_.cancel(next_try_);
    if (tries_++ == limits::modular_retries) {
        tries_ = 0;
        return log::warning(
            "libvirt's {} has not come back: nobody is told of its events until it is asked again",
            daemon_name(served_));
    }
    next_try_ = scheduler_.call_at(scheduler_.now() + limits::modular_retry, [this] {
        if (!connected(looking)) watch_again_soon();
    });
}

// All of them

ModularDaemons::ModularDaemons(async::FdScheduler& scheduler,
                               const std::function<std::filesystem::path(Served)>& socket_of) {
    for (const auto& one : modular_daemons)
        daemons_.try_emplace(one.served, scheduler, one.served, socket_of(one.served));
}

void ModularDaemons::on_event(const ModularDaemon::Tell& tell) {
    for (auto& [served, daemon] : daemons_)
        daemon.on_event(tell);
}

void ModularDaemons::stop() {
    for (auto& [served, daemon] : daemons_)
        daemon.stop();
}

Error not_served(Served served) {
    const auto& by = served_by(served);
    return {Reason::no_support,
            fmt::format("there are no {} here, as libvirt's {} does not run ({} in virtlightd(8)){}{}",
                        by.objects, by.daemon, by.setting, by.instead.empty() ? "" : ": ", by.instead)};
}

}  // namespace virtlight::libvirt
