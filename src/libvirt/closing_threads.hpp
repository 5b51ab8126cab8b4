// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <vector>

#include "async/storage_threads.hpp"
#include "base/file.hpp"
#include "base/limits.hpp"

namespace virtlight::libvirt {

/// Closes what clients send and what they leave unread, on threads of its own; called on the core thread,
/// which never waits for that. A descriptor that came with a message may be the last one of its file, and so
/// may one that lies unread in a socket: closing it then takes as long as the file likes (a connection that
/// lingers, a server that is dead).
class ClosingThreads {
 public:
    void close(std::vector<Fd> descriptors);
    /// Its other end knows at once that it is closed. Takes a thread only if something unread is in it, so
    /// that those who leave in order wait for no others.
    void close_socket(Fd socket);
    /// Descriptors that were given and are not closed yet.
    std::size_t unclosed() const { return *unclosed_; }

 private:
    /// The threads hold it too, which may be left behind.
    std::shared_ptr<std::atomic<std::size_t>> unclosed_ = std::make_shared<std::atomic<std::size_t>>(0);
    async::StorageThreads threads_{limits::closing_threads};
};

}  // namespace virtlight::libvirt
