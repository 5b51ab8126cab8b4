// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libvirt/storage_daemon.hpp"

#include <map>
#include <system_error>
#include <utility>
#include <vector>

#include <poll.h>

#include "async/bounded.hpp"
#include "async/completion.hpp"
#include "base/file.hpp"
#include "base/limits.hpp"
#include "base/log.hpp"
#include "libvirt/relay.hpp"
#include "libvirt/socket.hpp"

namespace virtlight::libvirt {

struct StorageDaemon::Connection {
    Fd socket;
    Relay relay;
    async::WatchId watch{};
    std::map<Relay::Serial, async::Completion<Result<LateAnswer>>> asked{};
};

StorageDaemon::StorageDaemon(async::FdScheduler& scheduler, std::filesystem::path socket)
    : scheduler_(scheduler), socket_(std::move(socket)) {}

StorageDaemon::~StorageDaemon() {
    stop();
}

bool StorageDaemon::is_there() const {
    std::error_code nowhere;
    return !socket_.empty() && std::filesystem::is_socket(socket_, nowhere);
}

async::Task<Result<LateAnswer>> StorageDaemon::call(bool read_only, std::int32_t procedure, Bytes payload) {
    const auto side = read_only ? looking : writing;
    const auto connection = connected(side);
    if (!connection) co_return std::unexpected(connection.error());
    auto& [socket, relay, watch, asked] = **connection;
    if (asked.size() >= limits::storage_calls || relay.unsent() + payload.size() > limits::storage_unsent)
        co_return fail(Reason::too_many, "{} questions to libvirt's storage daemon wait already",
                       asked.size());
    const async::Completion<Result<LateAnswer>> answer;
    asked.emplace(relay.ask(procedure, payload), answer);
    send(side);  // the connection may be gone from here on
    Error late{Reason::timed_out, fmt::format("libvirt's storage daemon has not answered within {} s",
                                              seconds(limits::storage_answer).count())};
    co_return co_await async::bounded(scheduler_, answer, limits::storage_answer, std::move(late));
}

Result<StorageDaemon::Connection*> StorageDaemon::connected(Side side) {
    if (stopping_) return fail(Reason::operation_failed, "the daemon stops");
    auto& connection = connections_[side];
    if (connection) return connection.get();
    auto socket = connect_at_once(socket_);
    if (!socket) return std::unexpected(socket.error());
    socket->keep_from_children();
    connection = std::make_unique<Connection>(
        Connection{.socket = *std::move(socket), .relay = Relay("storage:///system", side == looking)});
    connection->watch = scheduler_.watch(connection->socket.get(), POLLIN,
                                         [this, side](short revents) { ready(side, revents); });
    return connection.get();
}

void StorageDaemon::ready(Side side, short revents) {
    if ((revents & ~POLLOUT) == 0 || take_answers(side)) send(side);
}

/// False: the connection is gone.
bool StorageDaemon::take_answers(Side side) {
    auto& [socket, relay, watch, asked] = *connections_[side];
    static thread_local std::array<std::uint8_t, limits::read_bytes> buffer;
    const auto got = read_some(socket.get(), buffer);
    if (!got) return drop(side, got.error());
    relay.receive(View(buffer).first(*got));
    // Whoever is answered goes on at once and may come back here: first all that has come is taken.
    std::vector<std::pair<async::Completion<Result<LateAnswer>>, LateAnswer>> answered;
    auto told = relay.next();
    for (; told && *told; told = relay.next())
        if (auto found = asked.extract((*told)->serial))
            answered.emplace_back(std::move(found.mapped()), std::move((*told)->answer));
    const bool stands = told.has_value() || drop(side, told.error());
    for (auto& [waiting, answer] : answered)
        waiting.set(std::move(answer));
    return stands && connections_[side];
}

/// What the socket takes now. False: the connection is gone.
bool StorageDaemon::send(Side side) {
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
bool StorageDaemon::drop(Side side, const Error& why) {
    const auto connection = std::move(connections_[side]);
    scheduler_.unwatch(connection->watch);
    if (!stopping_) log::notice("libvirt's storage daemon is gone: {}", why.message);
    for (const auto& [serial, waiting] : connection->asked)
        waiting.set(fail(why.reason, "libvirt's storage daemon does not answer: {}", why.message));
    return false;
}

void StorageDaemon::stop() {
    stopping_ = true;
    for (const auto side : {writing, looking})
        if (connections_[side]) drop(side, {Reason::operation_failed, "the daemon stops"});
}

}  // namespace virtlight::libvirt
