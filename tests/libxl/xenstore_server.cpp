// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libxl/xenstore_server.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <tuple>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/unix_address.hpp"

namespace virtlight::fake {
namespace {

/// Compiled into libxenstore. Each run of the tests has a /run of its own.
const std::filesystem::path socket_path = "/run/xenstored/socket";

}  // namespace

XenstoreServer::XenstoreServer(std::function<DomainState(unsigned)> look) : service_(std::move(look)) {
    restart();
}

XenstoreServer::~XenstoreServer() {
    die();
}

void XenstoreServer::restart() {
    run([this] { listen(); });
}

void XenstoreServer::die() {
    run([this] {
        thread_.loop().unwatch(listening_);
        listener_.reset();
        std::filesystem::remove(socket_path);
        while (!clients_.empty())
            drop(clients_.begin()->first);
    });
}

void XenstoreServer::listen() {
    std::filesystem::create_directories(socket_path.parent_path());
    listener_.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (UnixAddress::of(socket_path)->bind(listener_) != 0 || ::listen(listener_.get(), SOMAXCONN) != 0) {
        std::perror(socket_path.c_str());
        std::abort();
    }
    listening_ = thread_.loop().watch(listener_.get(), POLLIN, [this](short) { accept(); });
}

void XenstoreServer::accept() {
    Fd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket) return;
    const auto id = service_.connect();
    const auto watch =
        thread_.loop().watch(socket.get(), POLLIN, [this, id](short revents) { ready(id, revents); });
    clients_.emplace(id, Client{.socket = std::move(socket), .watch = watch});
}

void XenstoreServer::ready(ConnectionId id, short revents) {
    const auto found = clients_.find(id);
    if (found == clients_.end()) return;
    auto& client = found->second;
    const bool alive =
        (!(revents & POLLOUT) || flush(client)) && (!(revents & (POLLIN | POLLHUP)) || receive(client));
    if (!alive) return drop(id);
    serve(id, client);
}

bool XenstoreServer::receive(Client& client) {
    std::array<char, 8192> buffer;
    const auto n = ::read(client.socket.get(), buffer.data(), buffer.size());
    if (n < 0) return errno == EAGAIN || errno == EINTR;
    client.decoder.feed({buffer.data(), static_cast<std::size_t>(n)});
    while (auto message = client.decoder.next())
        client.waiting.push_back(std::move(*message));
    return n > 0 && !client.decoder.broken();
}

void XenstoreServer::serve(ConnectionId id, Client& client) {
    while (!client.waiting.empty() && !(held_ && held_(client.waiting.front()))) {
        const auto request = std::move(client.waiting.front());
        client.waiting.pop_front();
        send(service_.handle(id, request));
    }
}

void XenstoreServer::send(const XenstoreService::Deliveries& deliveries) {
    for (const auto& [to, message] : deliveries) {
        const auto found = clients_.find(to);
        if (found == clients_.end()) continue;
        // A client that is gone is noticed when its socket reports it.
        found->second.output += encode(message);
        std::ignore = flush(found->second);
    }
}

bool XenstoreServer::flush(Client& client) {
    auto& output = client.output;
    const auto n = ::send(client.socket.get(), output.data(), output.size(), MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN && errno != EINTR) return false;
    if (n > 0) output.erase(0, static_cast<std::size_t>(n));
    thread_.loop().rewatch(client.watch, output.empty() ? POLLIN : POLLIN | POLLOUT);
    return true;
}

void XenstoreServer::drop(ConnectionId id) {
    const auto client = clients_.extract(id);
    thread_.loop().unwatch(client.mapped().watch);
    service_.disconnect(id);
}

void XenstoreServer::hold(std::function<bool(const Message&)> which) {
    run([&] { held_ = std::move(which); });
}

void XenstoreServer::hold_all() {
    hold([](const Message&) { return true; });
}

void XenstoreServer::release() {
    run([this] {
        held_ = nullptr;
        for (auto& [id, client] : clients_)
            serve(id, client);
    });
}

std::size_t XenstoreServer::held() {
    return run([this] {
        std::size_t count = 0;
        for (const auto& [id, client] : clients_)
            count += client.waiting.size();
        return count;
    });
}

std::optional<std::string> XenstoreServer::read(const std::string& path) {
    return run([&]() -> std::optional<std::string> {
        const auto value = service_.tree().read(path);
        return value ? std::optional(*value) : std::nullopt;
    });
}

std::vector<std::string> XenstoreServer::children(const std::string& path) {
    return run([&] { return service_.tree().children(path).value_or(std::vector<std::string>{}); });
}

void XenstoreServer::write(const std::string& path, const std::string& value) {
    run([&] { send(service_.edit({Edit::Kind::write, path, value})); });
}

void XenstoreServer::remove(const std::string& path) {
    run([&] { send(service_.edit({Edit::Kind::remove, path})); });
}

void XenstoreServer::fire(const std::string& special) {
    run([&] { send(service_.fire(special)); });
}

void XenstoreServer::introduce(unsigned domid) {
    run([&] { send(service_.introduce(domid)); });
}

void XenstoreServer::resume(unsigned domid) {
    run([&] { service_.resume(domid); });
}

void XenstoreServer::domains_changed() {
    thread_.loop().post([this] { send(service_.look_at_domains()); });
}

void XenstoreServer::on_change(std::function<void(const std::string&)> changed) {
    run([&] {
        service_.on_change([this, changed = std::move(changed)](const std::string& path) {
            thread_.loop().post([changed, path] { changed(path); });
        });
    });
}

std::size_t XenstoreServer::connections() {
    return run([this] { return service_.connections(); });
}

std::size_t XenstoreServer::watches() {
    return run([this] { return service_.watches(); });
}

}  // namespace virtlight::fake
