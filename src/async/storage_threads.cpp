// SPDX-License-Identifier: LGPL-2.1-or-later
#include "async/storage_threads.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "base/limits.hpp"
#include "base/log.hpp"

namespace virtlight::async {

struct StorageThreads::Inside : std::enable_shared_from_this<Inside> {
    explicit Inside(unsigned most_) : most(most_) {}

    /// Under the lock. Where the kernel has no thread to give, work waits for those that there are.
    void add_thread() {
        try {
            std::thread([self = shared_from_this()] { self->serve(); }).detach();
            ++threads;
        } catch (const std::system_error& why) {
            log::error("no further thread for storage: {}", why.what());
        }
    }

    void serve() {
        std::unique_lock lock(mutex);
        for (;;) {
            ++resting;
            waiting.wait_for(lock, limits::storage_rest, [this] { return closing || !works.empty(); });
            --resting;
            if (works.empty()) break;
            auto work = std::move(works.front());
            works.pop_front();
            lock.unlock();
            work();
            work = nullptr;  // what it holds may be a file, whose closing takes its time
            lock.lock();
        }
        --threads;
        ended.notify_all();
    }

    std::mutex mutex;
    std::condition_variable waiting;
    std::condition_variable ended;
    std::deque<Work> works;
    const unsigned most;
    unsigned threads = 0;
    unsigned resting = 0;
    bool closing = false;
};

StorageThreads::StorageThreads(unsigned most) : inside_(std::make_shared<Inside>(most)) {}

StorageThreads::~StorageThreads() {
    std::unique_lock lock(inside_->mutex);
    inside_->closing = true;
    inside_->waiting.notify_all();
    if (!inside_->ended.wait_for(lock, limits::storage_goodbye, [this] { return inside_->threads == 0; }))
        log::warning("{} threads are left behind, held by storage that does not answer", inside_->threads);
}

void StorageThreads::submit(Work work) {
    const std::scoped_lock lock(inside_->mutex);
    inside_->works.push_back(std::move(work));
    if (inside_->works.size() > inside_->resting && inside_->threads < inside_->most) inside_->add_thread();
    inside_->waiting.notify_one();
}

}  // namespace virtlight::async
