// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <map>
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
    /// Empty also if the node holds none.
    std::optional<std::uint64_t> read_number(const std::string& path);

    /// Empty also if another domain than Domain-0 may have written it, as a guest may where its own end of a
    /// device stands.
    std::optional<std::string> read_of_dom0(const std::string& path);

    Result<> write(const std::string& path, const std::string& value);
    /// Empties the node if it still holds `value`, in one step. Answers what it held before; empty: there is
    /// no such node.
    Result<std::optional<std::string>> withdraw(const std::string& path, const std::string& value);
    /// With all that is below it; that there is none is no failure.
    Result<> remove(const std::string& path);

    /// Calls `changed` from a step of the loop when the node or one below it may have changed: soon for the
    /// first time, and once for many changes. A path is watched once at a time.
    Result<> watch(const std::string& path, std::function<void()> changed);
    void unwatch(const std::string& path);
    /// Calls at once for what has come: of all changes before the last answer, for one.
    void drain();

 private:
    struct Close {
        void operator()(xs_handle* handle) const;
    };

    void listen_if_watching();

    async::FdScheduler& loop_;
    std::unique_ptr<xs_handle, Close> handle_;
    async::WatchId watch_;
    std::map<std::string, std::function<void()>> changed_;  ///< by path
};

}  // namespace virtlight::xenlight
