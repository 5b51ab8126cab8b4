// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libxl/xenstore_service.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <ranges>
#include <string_view>

extern "C" {
#include <xen/io/xs_wire.h>
}

namespace virtlight::fake {
namespace {

using namespace std::string_literals;

const auto done = "OK\0"s;

std::string name_of(int error) {
    const auto* const found = std::ranges::find(xsd_errors, error, &xsd_errors::errnum);
    return found == std::end(xsd_errors) ? "EINVAL" : found->errstring;
}

/// Everybody is Domain-0, and so is who names a path relative to their own.
std::string absolute(const std::string& path) {
    return path.starts_with('/') || path.starts_with('@') ? path : "/local/domain/0/" + path;
}

bool is_at_or_below(const std::string& path, const std::string& top) {
    return path == top || top == "/" || path.starts_with(top + "/");
}

unsigned number(const std::string& text) {
    unsigned value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

Message event(const std::string& path, const std::string& token) {
    return {.type = XS_WATCH_EVENT, .payload = join_strings({path, token})};
}

}  // namespace

XenstoreService::ConnectionId XenstoreService::connect() {
    const auto id = ids_.next();
    connections_.try_emplace(id);
    return id;
}

void XenstoreService::disconnect(ConnectionId id) {
    const auto left = connections_.extract(id);
    if (left.empty()) return;
    for (const auto transaction : left.mapped().transactions)
        std::ignore = store_.end(transaction, false);
}

XenstoreService::Deliveries XenstoreService::handle(ConnectionId id, const Message& request) {
    const auto found = connections_.find(id);
    if (found == connections_.end()) return {};
    Deliveries deliveries;
    const auto answered = answer(found->second, request, deliveries);
    Message reply{.type = answered ? request.type : std::uint32_t{XS_ERROR},
                  .request = request.request,
                  .transaction = request.transaction,
                  .payload = answered ? *answered : join_strings({name_of(answered.error())})};
    deliveries.push_back({id, std::move(reply)});
    if (answered && request.type == XS_WATCH) {
        const auto& watch = found->second.watches.back();
        deliveries.push_back({id, event(watch.path, watch.token)});
    }
    return deliveries;
}

Answer<std::string> XenstoreService::answer(Connection& connection, const Message& request,
                                            Deliveries& events) {
    const auto strings = split_strings(request.payload);
    const auto path = absolute(strings.empty() ? "" : strings.front());
    const auto rest =
        request.payload.substr(std::min(request.payload.size(), request.payload.find('\0') + 1));
    const auto in = request.transaction;
    switch (request.type) {
        case XS_READ:
        case XS_DIRECTORY:
        case XS_GET_PERMS:
        case XS_WRITE:
        case XS_MKDIR:
        case XS_RM:
        case XS_SET_PERMS:
            if (!XenstoreTree::valid(path)) return std::unexpected(EINVAL);
            break;
        default: break;
    }
    switch (request.type) {
        case XS_READ: return store_.read(in, path);
        case XS_GET_PERMS: return store_.permissions(in, path);
        case XS_DIRECTORY: {
            const auto names = store_.children(in, path);
            if (!names) return std::unexpected(names.error());
            auto listing = join_strings(*names);
            if (listing.size() > XENSTORE_PAYLOAD_MAX) return std::unexpected(E2BIG);
            return listing;
        }
        case XS_WRITE: return change(in, {Edit::Kind::write, path, rest}, events);
        case XS_MKDIR: return change(in, {Edit::Kind::make, path}, events);
        case XS_RM: return change(in, {Edit::Kind::remove, path}, events);
        case XS_SET_PERMS: return change(in, {Edit::Kind::permit, path, rest}, events);
        case XS_WATCH: return watch(connection, request);
        case XS_UNWATCH: return unwatch(connection, request);
        case XS_RESET_WATCHES: connection.watches.clear(); return done;
        case XS_TRANSACTION_START:
        case XS_TRANSACTION_END: return transact(connection, request, events);
        default: return about_domain(request, events);
    }
}

Answer<std::string> XenstoreService::change(TransactionId transaction, Edit edit, Deliveries& events) {
    const auto changes = store_.edit(transaction, std::move(edit));
    if (!changes) return std::unexpected(changes.error());
    for (const auto& change : *changes)
        tell(change, events);
    return done;
}

Answer<std::string> XenstoreService::transact(Connection& connection, const Message& request,
                                              Deliveries& events) {
    if (request.type == XS_TRANSACTION_START) {
        const auto id = store_.begin();
        connection.transactions.push_back(id);
        return join_strings({std::to_string(id)});
    }
    std::erase(connection.transactions, request.transaction);
    const auto changes = store_.end(request.transaction, request.payload.starts_with('T'));
    if (!changes) return std::unexpected(changes.error());
    for (const auto& change : *changes)
        tell(change, events);
    return done;
}

Answer<std::string> XenstoreService::about_domain(const Message& request, Deliveries& events) {
    const auto strings = split_strings(request.payload);
    if (strings.empty()) return std::unexpected(EINVAL);
    const auto domid = number(strings.front());
    const auto introduced = introduced_.find(domid);
    const bool known = introduced != introduced_.end();
    switch (request.type) {
        case XS_GET_DOMAIN_PATH: return join_strings({"/local/domain/" + std::to_string(domid)});
        case XS_IS_DOMAIN_INTRODUCED: return join_strings({known ? "T" : "F"});
        case XS_INTRODUCE:
            if (look_(domid) == DomainState::gone) return std::unexpected(EINVAL);
            if (!known) {
                introduced_.try_emplace(domid);
                tell({"@introduceDomain"}, events);
            }
            return done;
        case XS_RELEASE:
            if (!known) return std::unexpected(ENOENT);
            introduced_.erase(introduced);
            tell({"@releaseDomain"}, events);
            return done;
        case XS_RESUME:
            if (!known) return std::unexpected(ENOENT);
            introduced->second.shutdown_told = false;
            return done;
        case XS_SET_TARGET: return done;
        default: return std::unexpected(ENOSYS);
    }
}

Answer<std::string> XenstoreService::watch(Connection& connection, const Message& request) {
    const auto strings = split_strings(request.payload);
    if (strings.size() != 2) return std::unexpected(EINVAL);
    Watch watch{absolute(strings[0]), strings[1]};
    if (!watch.path.starts_with('@') && !XenstoreTree::valid(watch.path)) return std::unexpected(EINVAL);
    if (std::ranges::count(connection.watches, watch) > 0) return std::unexpected(EEXIST);
    connection.watches.push_back(std::move(watch));
    return done;
}

Answer<std::string> XenstoreService::unwatch(Connection& connection, const Message& request) {
    const auto strings = split_strings(request.payload);
    if (strings.size() != 2) return std::unexpected(EINVAL);
    if (std::erase(connection.watches, Watch{absolute(strings[0]), strings[1]}) == 0)
        return std::unexpected(ENOENT);
    return done;
}

void XenstoreService::tell(const Change& change, Deliveries& events) {
    for (const auto& [id, connection] : connections_) {
        for (const auto& [path, token] : connection.watches) {
            if (change.exact ? change.path == path : is_at_or_below(change.path, path))
                events.push_back({id, event(change.path, token)});
        }
    }
    changed_(change.path);
}

XenstoreService::Deliveries XenstoreService::edit(Edit edit) {
    Deliveries events;
    std::ignore = change(0, std::move(edit), events);
    return events;
}

XenstoreService::Deliveries XenstoreService::fire(const std::string& special) {
    Deliveries events;
    tell({special}, events);
    return events;
}

XenstoreService::Deliveries XenstoreService::introduce(unsigned domid) {
    introduced_.try_emplace(domid);
    return fire("@introduceDomain");
}

XenstoreService::Deliveries XenstoreService::look_at_domains() {
    Deliveries events;
    bool shut_down = false;
    for (auto at = introduced_.begin(); at != introduced_.end();) {
        const auto state = look_(at->first);
        if (state == DomainState::gone) {
            at = introduced_.erase(at);
            tell({"@releaseDomain"}, events);
            continue;
        }
        if (state == DomainState::shut_down && !at->second.shutdown_told)
            shut_down = at->second.shutdown_told = true;
        ++at;
    }
    if (shut_down) tell({"@releaseDomain"}, events);
    return events;
}

std::size_t XenstoreService::watches() const {
    std::size_t count = 0;
    for (const auto& [id, connection] : connections_)
        count += connection.watches.size();
    return count;
}

}  // namespace virtlight::fake
