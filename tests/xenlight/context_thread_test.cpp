// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/context_thread.hpp"

#include <atomic>
#include <latch>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "async/event_loop.hpp"
#include "async/scope.hpp"
#include "xenlight/fake_xen.hpp"

namespace virtlight::xenlight {
namespace {

using async::Task;
using fake_xen::Xen;
using testing::HasSubstr;

/// A core whose time runs ten thousand times as fast: half an hour of patience is a fifth of a second.
class HastyCore final : public async::Scheduler {
 public:
    explicit HastyCore(async::EventLoop& loop) : loop_(loop), begin_(loop.now()) {}

    Time now() const override { return begin_ + (loop_.now() - begin_) * pace; }
    void post(async::Work work) override { loop_.post(std::move(work)); }
    async::TimerId call_at(Time due, async::Work work) override {
        return loop_.call_at(begin_ + (due - begin_) / pace, std::move(work));
    }
    void cancel(async::TimerId id) override { loop_.cancel(id); }

 private:
    static constexpr int pace = 10'000;
    async::EventLoop& loop_;
    Time begin_;
};

/// Moves a byte of an image each minute, counted from the last: a loop that is late comes to the same.
class SlowMover {
 public:
    explicit SlowMover(async::Scheduler& scheduler) : scheduler_(scheduler), due_(scheduler.now()) { move(); }
    SlowMover(const SlowMover&) = delete;
    SlowMover& operator=(const SlowMover&) = delete;
    ~SlowMover() { scheduler_.cancel(timer_); }

    const std::shared_ptr<hypervisor::Progress>& progress() const { return progress_; }

 private:
    void move() {
        ++progress_->bytes;
        due_ += std::chrono::minutes(1);
        timer_ = scheduler_.call_at(due_, [this] { move(); });
    }

    async::Scheduler& scheduler_;
    Time due_;
    async::TimerId timer_{};
    std::shared_ptr<hypervisor::Progress> progress_ = std::make_shared<hypervisor::Progress>();
};

class ContextThreadTest : public testing::Test {
 public:
    void SetUp() override {
        fake.reset();
        fake.add({.domid = 5}, "guest");
    }
    void TearDown() override {
        thread.reset();
        link->cut();
    }

    void start(async::Scheduler& scheduler) { thread.emplace("test", scheduler, link); }

    void run(Task<> (*body)(ContextThreadTest&)) {
        core.call_at(core.now() + seconds(20), [this] {
            ADD_FAILURE() << "the test never got to its end";
            core.stop();
        });
        scope.spawn(to_the_end(body, *this));
        core.run();
    }

    static Task<> to_the_end(Task<> (*body)(ContextThreadTest&), ContextThreadTest& t) {
        co_await body(t);
        t.core.stop();
    }

    /// A request that ends when the guest acknowledges; `parameter` lives as long as libxl works on it.
    static ContextThread::Ao request(std::shared_ptr<int> parameter, bool abortable) {
        return {.what = "ask domain 5",
                .domid = 5,
                .start = [parameter = std::move(parameter)](
                             libxl_ctx* ctx,
                             const libxl_asyncop_how* how) { return libxl_domain_shutdown(ctx, 5, how); },
                .abortable = abortable};
    }

    Xen& fake = Xen::get();
    async::EventLoop core{"core"};
    HastyCore hasty{core};
    std::shared_ptr<CoreLink> link = std::make_shared<CoreLink>(core);
    async::Scope scope;
    std::optional<ContextThread> thread;
    std::atomic<int> opened = 0;
    std::atomic<int> broken = 0;
};

TEST_F(ContextThreadTest, AnswersFromItsOwnThread) {
    start(core);
    run([](ContextThreadTest& t) -> Task<> {
        const auto answer =
            co_await t.thread->call([](Context& context) -> Result<std::pair<std::string, std::thread::id>> {
                return std::pair(context.name(), std::this_thread::get_id());
            });
        EXPECT_EQ(answer->first, "test");
        EXPECT_NE(answer->second, std::this_thread::get_id());
    });
}

TEST_F(ContextThreadTest, EndsTheWaitingForWhatIsNotToBeCutShortWhileLibxlGoesOn) {
    start(core);
    run([](ContextThreadTest& t) -> Task<> {
        const auto parameter = std::make_shared<int>(1);
        async::CancelSource cancel;
        const auto timer =
            t.core.call_at(t.core.now() + milliseconds(20), [cancel]() mutable { cancel.cancel(); });
        const auto ended = co_await t.thread->perform(request(parameter, false), cancel.token());
        t.core.cancel(timer);
        EXPECT_EQ(ended.error().reason, Reason::cancelled);
        // Proof that it goes on: libxl still has what it works with, until the guest answers.
        EXPECT_TRUE(co_await t.thread->call([](Context&) -> Result<> { return {}; }));
        EXPECT_EQ(parameter.use_count(), 2);
        t.fake.write(fake_xen::shutdown_request, "");
        for (int i = 0; i < 1000 && parameter.use_count() > 1; ++i)
            co_await async::sleep_for(t.core, milliseconds(5));
        EXPECT_EQ(parameter.use_count(), 1);
    });
}

TEST_F(ContextThreadTest, CutsShortWhatTakesTooLong) {
    start(hasty);
    run([](ContextThreadTest& t) -> Task<> {
        const auto ended = co_await t.thread->perform(request(nullptr, true), {});
        EXPECT_EQ(ended.error().reason, Reason::timed_out);
    });
}

TEST_F(ContextThreadTest, CutsShortAnImageThatDoesNotMove) {
    start(hasty);
    run([](ContextThreadTest& t) -> Task<> {
        auto image = request(nullptr, true);
        image.progress = std::make_shared<hypervisor::Progress>();
        image.silence = limits::save_silence;
        const auto ended = co_await t.thread->perform(std::move(image), {});
        EXPECT_EQ(ended.error().reason, Reason::operation_failed) << "its guest is not to be asked again";
        EXPECT_EQ(ended.error().message, "cannot ask domain 5: no byte of the image has moved for 180 s");
    });
}

TEST_F(ContextThreadTest, LetsAnImageMoveForAsLongAsItTakes) {
    start(hasty);
    run([](ContextThreadTest& t) -> Task<> {
        const SlowMover mover(t.hasty);
        auto image = request(nullptr, true);
        image.progress = mover.progress();
        image.silence = limits::save_silence;
        async::CancelSource cancel;
        const auto timer =
            t.hasty.call_at(t.hasty.now() + std::chrono::hours(4), [cancel]() mutable { cancel.cancel(); });
        const auto ended = co_await t.thread->perform(std::move(image), cancel.token());
        t.hasty.cancel(timer);
        EXPECT_FALSE(ended);
        EXPECT_TRUE(cancel.token().cancelled()) << "it would have gone on";
    });
}

TEST_F(ContextThreadTest, GivesUpALibxlThatNeverAnswers) {
    start(hasty);
    run([](ContextThreadTest& t) -> Task<> {
        const auto stuck = std::make_shared<std::latch>(1);
        t.thread->post([stuck](Result<Context*>) { stuck->wait(); });
        const auto called = co_await t.thread->call([](Context&) -> Result<> { return {}; });
        EXPECT_EQ(called.error().reason, Reason::timed_out);
        const auto performed = co_await t.thread->perform(request(nullptr, true), {});
        EXPECT_EQ(performed.error().reason, Reason::timed_out);
        EXPECT_THAT(performed.error().message, HasSubstr("cannot ask domain 5: libxl has not answered"));
        auto of_guest = request(nullptr, true);
        of_guest.waits_for_guest = true;
        const auto asked = co_await t.thread->perform(std::move(of_guest), {});
        EXPECT_EQ(asked.error().reason, Reason::operation_failed) << "its guest is not to be asked again";
        EXPECT_EQ(asked.error().message, performed.error().message);
        stuck->count_down();
    });
}

TEST_F(ContextThreadTest, TellsWhenLibxlEndsWhatWasGivenUp) {
    start(hasty);
    run([](ContextThreadTest& t) -> Task<> {
        const auto stuck = std::make_shared<std::latch>(1);
        t.thread->post([stuck](Result<Context*>) { stuck->wait(); });
        bool given_up = false;
        bool ended = false;
        auto ao = request(nullptr, true);
        ao.given_up = [&] { given_up = true; };
        ao.ended_late = [&](const Result<Ended>& end) { ended = end.has_value(); };
        EXPECT_FALSE(co_await t.thread->perform(std::move(ao), {}));
        EXPECT_TRUE(given_up);
        EXPECT_FALSE(ended);
        stuck->count_down();
        for (int i = 0; i < 1000 && !ended; ++i)
            co_await async::sleep_for(t.core, milliseconds(5));
        EXPECT_TRUE(ended);
    });
}

TEST_F(ContextThreadTest, OpensAnotherContextWhenOneBrokeDown) {
    thread.emplace(
        "test", core, link,
        [this](Context&) -> Result<> {
            ++opened;
            return {};
        },
        [this] { ++broken; });
    run([](ContextThreadTest& t) -> Task<> {
        async::Completion<Result<>> ended;
        const auto ask = [](ContextThreadTest& test, async::Completion<Result<>> done) -> Task<> {
            done.set(co_await test.thread->perform(request(nullptr, true), {}));
        };
        t.scope.spawn(ask(t, ended));
        EXPECT_TRUE(co_await t.thread->call([](Context& context) -> Result<> {
            context.break_down("for a test");
            return {};
        }));
        const auto failed = co_await ended;
        EXPECT_EQ(failed.error().reason, Reason::operation_failed);
        EXPECT_EQ(failed.error().message, "cannot ask domain 5: libxl broke down (for a test)");
        // Dropped by now or not: what is asked after that finds another.
        for (int i = 0; i < 1000 && t.broken == 0; ++i)
            co_await async::sleep_for(t.core, milliseconds(1));
        EXPECT_EQ(t.opened, 1);
        EXPECT_TRUE(co_await t.thread->call([](Context&) -> Result<> { return {}; }));
        EXPECT_EQ(t.opened, 2);
        EXPECT_EQ(t.broken, 1);
    });
}

}  // namespace
}  // namespace virtlight::xenlight
