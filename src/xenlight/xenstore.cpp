// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/xenstore.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <set>
#include <span>
#include <utility>

#include <poll.h>

#include "base/limits.hpp"
#include "xenlight/libxl.hpp"

extern "C" {
#include <xenstore.h>
}

namespace virtlight::xenlight {

void Xenstore::Close::operator()(xs_handle* handle) const {
    xs_close(handle);
}

Xenstore::~Xenstore() {
    if (watch_) loop_.unwatch(watch_);
}

Result<> Xenstore::open() {
    if (handle_) return {};
    handle_.reset(xs_open(0));
    if (!handle_) return fail_errno(errno, "cannot connect to xenstored");
    return {};
}

Result<> Xenstore::check() {
    if (auto opened = open(); !opened) return opened;
    const CString root(static_cast<char*>(xs_read(handle_.get(), XBT_NULL, "/", nullptr)));
    if (root || errno == ENOENT) return {};
    return fail_errno(errno, "xenstored does not answer");
}

std::optional<std::string> Xenstore::read(const std::string& path) {
    if (!open()) return std::nullopt;
    unsigned size = 0;
    const CString value(static_cast<char*>(xs_read(handle_.get(), XBT_NULL, path.c_str(), &size)));
    if (!value) return std::nullopt;
    return std::string(value.get(), size);
}

std::optional<std::uint64_t> Xenstore::read_number(const std::string& path) {
    const auto text = read(path);
    std::uint64_t number = 0;
    if (!text || std::from_chars(text->data(), text->data() + text->size(), number).ec != std::errc{})
        return std::nullopt;
    return number;
}

/// Who owns a node cannot give it away: so the value is read first, and then whose it is.
std::optional<std::string> Xenstore::read_of_dom0(const std::string& path) {
    auto value = read(path);
    if (!value) return std::nullopt;
    unsigned count = 0;
    const std::unique_ptr<xs_permissions, Free> entries(
        xs_get_permissions(handle_.get(), XBT_NULL, path.c_str(), &count));
    if (!entries) return std::nullopt;
    const std::span all(entries.get(), count);
    const auto may_write = [](const xs_permissions& entry) { return (entry.perms & XS_PERM_WRITE) != 0; };
    // The first is the owner, who may do everything; what it is granted is for those that are not named.
    if (all.empty() || all.front().id != 0 || std::ranges::any_of(all, may_write)) return std::nullopt;
    return value;
}

Result<> Xenstore::write(const std::string& path, const std::string& value) {
    if (auto opened = open(); !opened) return opened;
    if (xs_write(handle_.get(), XBT_NULL, path.c_str(), value.data(), static_cast<unsigned>(value.size())))
        return {};
    return fail_errno(errno, "cannot write '{}' in xenstore", path);
}

Result<std::optional<std::string>> Xenstore::withdraw(const std::string& path, const std::string& value) {
    if (auto opened = open(); !opened) return std::unexpected(std::move(opened.error()));
    for (unsigned left = limits::xenstore_attempts;;) {
        const auto transaction = xs_transaction_start(handle_.get());
        if (transaction == XBT_NULL) return fail_errno(errno, "cannot begin a transaction in xenstore");
        unsigned size = 0;
        const CString found(static_cast<char*>(xs_read(handle_.get(), transaction, path.c_str(), &size)));
        int why = found ? 0 : errno;
        std::optional<std::string> held;
        if (found) held.emplace(found.get(), size);
        const bool stands = held == value;
        if (stands && !xs_write(handle_.get(), transaction, path.c_str(), "", 0)) why = errno;
        const bool written = stands && why == 0;
        const bool ended = xs_transaction_end(handle_.get(), transaction, !written);
        const bool is_not_it = !stands && (found || why == ENOENT);
        if (is_not_it || (written && ended)) return held;
        if (written) why = errno;
        if (why != EAGAIN || --left == 0) return fail_errno(why, "cannot empty '{}' in xenstore", path);
    }
}

Result<> Xenstore::remove(const std::string& path) {
    if (auto opened = open(); !opened) return opened;
    if (xs_rm(handle_.get(), XBT_NULL, path.c_str()) || errno == ENOENT) return {};
    return fail_errno(errno, "cannot remove '{}' from xenstore", path);
}

Result<> Xenstore::watch(const std::string& path, std::function<void()> changed) {
    if (auto opened = open(); !opened) return opened;
    if (!watch_) watch_ = loop_.watch(xs_fileno(handle_.get()), POLLIN, [this](short) { drain(); });
    if (!watch_) return fail_errno(errno, "cannot wait for xenstored");
    // The path is the token, too: it comes back with each event.
    if (!xs_watch(handle_.get(), path.c_str(), path.c_str())) {
        const int why = errno;
        listen_if_watching();
        return fail_errno(why, "cannot watch {} in xenstore", path);
    }
    changed_[path] = std::move(changed);
    return {};
}

void Xenstore::unwatch(const std::string& path) {
    if (changed_.erase(path) == 0) return;
    xs_unwatch(handle_.get(), path.c_str(), path.c_str());
    listen_if_watching();
}

/// A connection that is lost would have the loop look at it over and over.
void Xenstore::listen_if_watching() {
    if (changed_.empty()) loop_.unwatch(std::exchange(watch_, {}));
}

void Xenstore::drain() {
    std::set<std::string> paths;
    for (;;) {
        const std::unique_ptr<char*, Free> event(xs_check_watch(handle_.get()));
        if (!event) break;
        paths.insert(event.get()[XS_WATCH_TOKEN]);
    }
    for (const auto& path : paths) {
        const auto found = changed_.find(path);
        if (found == changed_.end()) continue;
        const auto changed = found->second;  // it may unwatch itself
        changed();
    }
}

}  // namespace virtlight::xenlight
