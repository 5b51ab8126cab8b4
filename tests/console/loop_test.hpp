// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <functional>

#include <gtest/gtest.h>

#include "async/completion.hpp"
#include "async/event_loop.hpp"
#include "async/scope.hpp"
#include "async/task.hpp"

namespace virtlight::console::test {

/// A test whose body is a task on a real loop on the test's own thread. A task that does not get on fails the
/// test in the end.
class LoopTest : public testing::Test {
 protected:
    void run(async::Task<> body) {
        loop.call_at(loop.now() + seconds(30), [this] { too_late_ = true; });
        scope_.spawn(then_stop(std::move(body)));
        loop.run();
    }

    /// Lets the loop turn until `done` says so; false, and a failure, if that takes too long.
    async::Task<bool> until(std::function<bool()> done) {
        while (!done()) {
            if (too_late_) {
                ADD_FAILURE() << "what was waited for did not come";
                co_return false;
            }
            co_await turn();
        }
        co_return true;
    }

    /// One turn of the loop: every descriptor that was ready has been served.
    async::Task<> turn() {
        const async::Completion<bool> turned;
        loop.post([turned] { turned.set(true); });
        co_await turned;
    }

    async::EventLoop loop{"test"};

 private:
    async::Task<> then_stop(async::Task<> body) {
        co_await std::move(body);
        loop.stop();
    }

    bool too_late_ = false;
    async::Scope scope_;
};

}  // namespace virtlight::console::test
