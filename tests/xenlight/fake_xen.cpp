// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/fake_xen.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

namespace virtlight::fake_xen {
namespace {

bool is_under(const std::string& parent, const std::string& path) {
    return path == parent || path.starts_with(parent + "/");
}

}  // namespace

Xen& Xen::get() {
    static Xen xen;
    // libxl's children go on working with a copy of it; no other thread may be in the middle of a change.
    static const int prepared = ::pthread_atfork([] { get().mutex_.lock(); }, [] { get().mutex_.unlock(); },
                                                 [] { get().mutex_.unlock(); });
    if (prepared != 0) std::abort();
    return xen;
}

void Xen::reset() {
    {
        const std::scoped_lock lock(mutex_);
        domains_.clear();
        nodes_.clear();
        owners_.clear();
        alive_ = true;
        in_dump = [] {};
        dumped = nmis = 0;
        tells_of_domains = true;
    }
    add({.domid = 0}, "Domain-0");
}

void Xen::add(Domain domain, const std::string& name) {
    const std::scoped_lock lock(mutex_);
    const auto id = std::to_string(domain.domid);
    nodes_["/local/domain/" + id + "/name"] = name;
    nodes_["/local/domain/" + id + "/vm"] = "/vm/" + to_string(domain.uuid);
    nodes_["/local/domain/" + id + "/domid"] = id;
    nodes_["/libxl/" + id + "/type"] = "pv";
    domains_[domain.domid] = domain;
}

void Xen::change(hypervisor::DomId domid, const std::function<void(Domain&)>& change) {
    const std::scoped_lock lock(mutex_);
    if (const auto found = domains_.find(domid); found != domains_.end()) change(found->second);
}

void Xen::remove(hypervisor::DomId domid) {
    const std::scoped_lock lock(mutex_);
    domains_.erase(domid);
}

std::vector<Domain> Xen::domains() const {
    const std::scoped_lock lock(mutex_);
    std::vector<Domain> all;
    for (const auto& [domid, domain] : domains_)
        all.push_back(domain);
    return all;
}

void Xen::write(const std::string& path, const std::string& value) {
    const std::scoped_lock lock(mutex_);
    nodes_[path] = value;
    fire_locked(path);
}

void Xen::replace(const std::string& path, const std::string& value, hypervisor::DomId by) {
    const std::scoped_lock lock(mutex_);
    nodes_[path] = value;
    owners_[path] = by;
    fire_locked(path);
}

hypervisor::DomId Xen::owner(const std::string& path) const {
    const std::scoped_lock lock(mutex_);
    const auto found = owners_.find(path);
    return found == owners_.end() ? 0 : found->second;
}

std::string Xen::read(const std::string& path) const {
    const std::scoped_lock lock(mutex_);
    const auto found = nodes_.find(path);
    return found == nodes_.end() ? "" : found->second;
}

void Xen::fire(const std::string& path) {
    const std::scoped_lock lock(mutex_);
    fire_locked(path);
}

void Xen::fire_locked(const std::string& path) {
    for (auto* const connection : connections_) {
        for (const auto& [watched, token] : connection->watches) {
            if (connection->ends[1] < 0 || !is_under(watched, path)) continue;
            connection->events.emplace_back(path, token);
            [[maybe_unused]] const auto n = ::write(connection->ends[1], "x", 1);
        }
    }
}

void Xen::kill_xenstored() {
    const std::scoped_lock lock(mutex_);
    alive_ = false;
    for (auto* const connection : connections_) {
        ::close(connection->ends[1]);
        connection->ends[1] = -1;
    }
}

void Xen::revive_xenstored() {
    const std::scoped_lock lock(mutex_);
    alive_ = true;
}

bool Xen::is_cut(const Connection* connection) const {
    const std::scoped_lock lock(mutex_);
    return connection->ends[1] < 0;
}

bool Xen::accepts_connections() const {
    const std::scoped_lock lock(mutex_);
    return alive_;
}

Xen::Connection* Xen::connect() {
    auto* const connection = new Connection;
    if (::pipe2(connection->ends, O_NONBLOCK | O_CLOEXEC) != 0) std::abort();
    const std::scoped_lock lock(mutex_);
    connections_.push_back(connection);
    return connection;
}

void Xen::disconnect(Connection* connection) {
    {
        const std::scoped_lock lock(mutex_);
        std::erase(connections_, connection);
    }
    ::close(connection->ends[0]);
    if (connection->ends[1] >= 0) ::close(connection->ends[1]);
    delete connection;
}

bool Xen::watch(Connection* connection, const std::string& path, const std::string& token) {
    const std::scoped_lock lock(mutex_);
    connection->watches.emplace_back(path, token);
    // A new watch reports once at once.
    connection->events.emplace_back(path, token);
    return ::write(connection->ends[1], "x", 1) == 1;
}

bool Xen::unwatch(Connection* connection, const std::string& path, const std::string& token) {
    const std::scoped_lock lock(mutex_);
    return std::erase(connection->watches, std::pair(path, token)) > 0;
}

/// As libxenstore answers: two strings in one piece of memory.
char** Xen::check_watch(Connection* connection) {
    const std::scoped_lock lock(mutex_);
    if (connection->events.empty()) {
        errno = connection->ends[1] < 0 ? EINVAL : EAGAIN;
        return nullptr;
    }
    const auto [path, token] = connection->events.front();
    connection->events.erase(connection->events.begin());
    char byte = 0;
    [[maybe_unused]] const auto n = ::read(connection->ends[0], &byte, 1);
    auto** const answer =
        static_cast<char**>(std::malloc(2 * sizeof(char*) + path.size() + token.size() + 2));
    answer[0] = reinterpret_cast<char*>(answer + 2);
    answer[1] = answer[0] + path.size() + 1;
    std::strcpy(answer[0], path.c_str());
    std::strcpy(answer[1], token.c_str());
    return answer;
}

bool Xen::exists(const std::string& path) const {
    const std::scoped_lock lock(mutex_);
    return std::ranges::any_of(nodes_, [&](const auto& node) { return is_under(path, node.first); });
}

bool Xen::remove_tree(const std::string& path) {
    const std::scoped_lock lock(mutex_);
    const bool any = std::erase_if(nodes_, [&](const auto& node) { return is_under(path, node.first); }) > 0;
    if (any) fire_locked(path);
    return any;
}

std::vector<std::string> Xen::list(const std::string& path) const {
    const std::scoped_lock lock(mutex_);
    std::vector<std::string> names;
    for (const auto& [node, value] : nodes_) {
        if (!node.starts_with(path + "/")) continue;
        const auto rest = node.substr(path.size() + 1);
        const auto name = rest.substr(0, rest.find('/'));
        if (names.empty() || names.back() != name) names.push_back(name);
    }
    return names;
}

}  // namespace virtlight::fake_xen
