// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <memory>

#include "async/blocking.hpp"

namespace virtlight::async {

/// Threads for work on storage, which may hold them for as long as it likes: a disk that fails, a server that
/// is gone. There is one more whenever none is free, so that what hangs holds up nothing else, until `most`
/// of them hang; from then on work waits. Threads that rest for long end.
class StorageThreads final : public Blocking {
 public:
    explicit StorageThreads(unsigned most);
    StorageThreads(const StorageThreads&) = delete;
    StorageThreads& operator=(const StorageThreads&) = delete;
    /// Does what was submitted. What has not ended within limits::storage_goodbye is left behind.
    ~StorageThreads() override;

    void submit(Work work) override;

 private:
    struct Inside;
    std::shared_ptr<Inside> inside_;  ///< the threads hold it too
};

}  // namespace virtlight::async
