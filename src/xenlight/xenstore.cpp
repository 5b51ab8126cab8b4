// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/xenstore.hpp"

#include <cerrno>
#include <cstdlib>

#include <poll.h>

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

Result<> Xenstore::watch(std::initializer_list<const char*> paths, std::function<void()> changed) {
    if (auto opened = open(); !opened) return opened;
    for (const char* const path : paths) {
        if (!xs_watch(handle_.get(), path, path))
            return fail_errno(errno, "cannot watch {} in xenstore", path);
    }
    changed_ = std::move(changed);
    watch_ = loop_.watch(xs_fileno(handle_.get()), POLLIN, [this](short) { drain(); });
    if (!watch_) return fail_errno(errno, "cannot wait for xenstored");
    return {};
}

void Xenstore::drain() {
    while (const CString event{reinterpret_cast<char*>(xs_check_watch(handle_.get()))}) {
    }
    changed_();
}

}  // namespace virtlight::xenlight
