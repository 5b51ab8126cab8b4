// SPDX-License-Identifier: LGPL-2.1-or-later
#include "async/blocking.hpp"

namespace virtlight::async {

BlockingThreads::BlockingThreads(unsigned threads) {
    for (unsigned i = 0; i < threads; ++i)
        threads_.emplace_back([this] { serve(); });
}

BlockingThreads::~BlockingThreads() {
    {
        const std::scoped_lock lock(mutex_);
        closing_ = true;
    }
    waiting_.notify_all();
}

void BlockingThreads::submit(Work work) {
    {
        const std::scoped_lock lock(mutex_);
        works_.push_back(std::move(work));
    }
    waiting_.notify_one();
}

void BlockingThreads::serve() {
    for (;;) {
        std::unique_lock lock(mutex_);
        waiting_.wait(lock, [this] { return closing_ || !works_.empty(); });
        if (works_.empty()) return;
        auto work = std::move(works_.front());
        works_.pop_front();
        ++working_;
        lock.unlock();
        work();
        lock.lock();
        --working_;
        done_.notify_all();
    }
}

bool BlockingThreads::idle_within(Duration patience) {
    std::unique_lock lock(mutex_);
    return done_.wait_for(lock, patience, [this] { return working_ == 0 && works_.empty(); });
}

}  // namespace virtlight::async
