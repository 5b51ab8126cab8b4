// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>

#include "async/scheduler.hpp"
#include "async/task.hpp"
#include "base/result.hpp"
#include "libvirt/procedure.hpp"

namespace virtlight::libvirt {

/// libvirt's own daemon of storage pools, if the host runs one: what clients ask of pools and volumes is
/// asked of it as it stands. One connection for those who may change something, and one for those who may
/// only look, each made when it is first needed, and anew when it has ended. Lives on the core thread and
/// never blocks.
class StorageDaemon {
 public:
    /// `socket`: where it listens; empty: it is not wanted. `scheduler` must outlive this.
    StorageDaemon(async::FdScheduler& scheduler, std::filesystem::path socket);
    StorageDaemon(const StorageDaemon&) = delete;
    StorageDaemon& operator=(const StorageDaemon&) = delete;
    /// After stop(), or with nothing asked.
    ~StorageDaemon();

    /// Whether anybody may listen there.
    bool is_there() const;

    /// Asks a procedure of the remote program. What it refuses is told in its own words. io: it is not there,
    /// or goes away before it answers; timed_out: it has not within limits::storage_answer; too_many:
    /// limits::storage_calls, or limits::storage_unsent of them, wait already.
    async::Task<Result<LateAnswer>> call(bool read_only, std::int32_t procedure, Bytes payload);

    /// Whoever waits is told that the daemon stops; so is who asks from now on.
    void stop();

 private:
    struct Connection;
    enum Side : std::size_t { writing, looking };

    Result<Connection*> connected(Side side);
    void ready(Side side, short revents);
    bool take_answers(Side side);
    bool send(Side side);
    bool drop(Side side, const Error& why);

    async::FdScheduler& scheduler_;
    std::filesystem::path socket_;
    std::array<std::unique_ptr<Connection>, 2> connections_;
    bool stopping_ = false;
};

}  // namespace virtlight::libvirt
