// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>

#include "async/scheduler.hpp"
#include "base/result.hpp"

struct xs_handle;

namespace virtlight::xenlight {

/// A connection to xenstored of our own, for what libxl does not tell: a domain's type, and that domains come
/// and go. Calls take one round trip. Stays on one thread.
class Xenstore {
 public:
    /// `loop` must outlive this.
    explicit Xenstore(async::FdScheduler& loop) : loop_(loop) {}
    Xenstore(const Xenstore&) = delete;
    Xenstore& operator=(const Xenstore&) = delete;
    ~Xenstore();

    /// Connects, unless that is done.
    Result<> open();

    /// Whether xenstored answers.
    Result<> check();

    /// Empty if there is no such node, or no connection.
    std::optional<std::string> read(const std::string& path);

    /// Calls `changed` from a step of the loop when any of the nodes may have changed, once for many changes.
    /// To be called once.
    Result<> watch(std::initializer_list<const char*> paths, std::function<void()> changed);

 private:
    struct Close {
        void operator()(xs_handle* handle) const;
    };

    void drain();

    async::FdScheduler& loop_;
    std::unique_ptr<xs_handle, Close> handle_;
    async::WatchId watch_;
    std::function<void()> changed_;
};

}  // namespace virtlight::xenlight
