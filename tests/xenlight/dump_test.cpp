// SPDX-License-Identifier: LGPL-2.1-or-later
// Cores on the true libxl over a Xen in memory.
#include <future>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include "async/event_loop.hpp"
#include "async/scope.hpp"
#include "base/temporary_folder.hpp"
#include "xenlight/fake_xen.hpp"
#include "xenlight/xen_hypervisor.hpp"

namespace virtlight::xenlight {
namespace {

using async::Task;
using testing::HasSubstr;

constexpr std::uintmax_t core_bytes = 16 * 1024 * 1024;

class Dumping : public testing::Test {
 public:
    void SetUp() override {
        fake.reset();
        fake.add({.domid = 5, .uuid = Uuid::random()}, "guest");
        auto opened = XenHypervisor::open(core);
        ASSERT_TRUE(opened) << opened.error().message;
        xen = std::move(*opened);
    }
    std::size_t files() const {
        return static_cast<std::size_t>(
            std::distance(std::filesystem::directory_iterator(folder.path()), {}));
    }
    /// The thread that wrote the core may let go of it a moment after the dump has ended.
    bool left_nothing() const {
        for (int look = 0; look < 500 && files() > 0; ++look)
            ::usleep(10'000);
        return files() == 0;
    }
    Result<> dump(hypervisor::DomId domid = 5) {
        Result<> result;
        scope.spawn(dump_and_stop(*this, domid, result));
        core.run();
        return result;
    }
    static Task<> dump_and_stop(Dumping& t, hypervisor::DomId domid, Result<>& result) {
        result = co_await t.xen->dump_core(domid, t.path, t.hold,
                                           {.cancel = t.source.token(), .progress = t.progress});
        t.core.stop();
    }
    static Task<Result<>> answer(Result<> result) { co_return result; }
    /// On the core, while libxl is in the middle of the dump.
    void meanwhile(std::function<void()> what) {
        fake.in_dump = [this, what = std::move(what)] {
            std::promise<void> done;
            core.post([&] {
                what();
                done.set_value();
            });
            done.get_future().wait();
        };
    }

    fake_xen::Xen& fake = fake_xen::Xen::get();
    test::TemporaryFolder folder;
    std::filesystem::path path = folder.path() / "core";
    hypervisor::Hold hold;
    async::CancelSource source;
    std::shared_ptr<hypervisor::Progress> progress = std::make_shared<hypervisor::Progress>();
    async::EventLoop core{"core"};
    async::Scope scope;
    std::unique_ptr<XenHypervisor> xen;
};

TEST_F(Dumping, WritesAllThatLibxlWrites) {
    std::uint64_t halfway = 0;
    meanwhile([&] { halfway = progress->bytes; });
    const auto dumped = dump();
    ASSERT_TRUE(dumped) << dumped.error().message;
    EXPECT_EQ(files(), 1);
    EXPECT_EQ(std::filesystem::file_size(path), core_bytes);
    EXPECT_GT(halfway, 0);
    EXPECT_EQ(progress->bytes, core_bytes);
    EXPECT_EQ(progress->bytes_all, 128u * 1024 * 1024);
}

TEST_F(Dumping, ThatIsCancelledEndsAndLeavesNothingWhileLibxlWritesOn) {
    std::promise<void> goes_on;
    fake.in_dump = [this, first = true, waiting = goes_on.get_future().share()]() mutable {
        if (!std::exchange(first, false)) return;
        core.post([this] { source.cancel(); });
        waiting.wait();
    };
    const auto dumped = dump();
    ASSERT_FALSE(dumped);
    EXPECT_EQ(dumped.error().reason, Reason::cancelled);
    EXPECT_EQ(fake.dumped, core_bytes / 2) << "libxl has not come further";
    EXPECT_TRUE(left_nothing());
    source = {};
    EXPECT_TRUE(dump()) << "the name of the file is free, and there is another context";
    goes_on.set_value();
    xen.reset();
    EXPECT_EQ(fake.dumped, 2 * core_bytes) << "libxl is not to be stuck";
}

TEST_F(Dumping, OntoAFullDiskSaysSoAndLeavesNothing) {
    rlimit usual{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &usual), 0);
    const rlimit small{.rlim_cur = core_bytes / 4, .rlim_max = usual.rlim_max};
    auto* const handler = ::signal(SIGXFSZ, SIG_IGN);
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
    const auto dumped = dump();
    ::setrlimit(RLIMIT_FSIZE, &usual);
    ::signal(SIGXFSZ, handler);
    ASSERT_FALSE(dumped);
    EXPECT_EQ(dumped.error().reason, Reason::io);
    EXPECT_THAT(dumped.error().message, HasSubstr("cannot dump the core of domain 5: cannot write"));
    EXPECT_EQ(fake.dumped, core_bytes);
    EXPECT_TRUE(left_nothing());
}

TEST_F(Dumping, HoldsItsGuestWhenAllElseIsReady) {
    std::size_t files_then = 0;
    std::uint64_t to_be_written = 0;
    hold = [&] {
        files_then = files();
        to_be_written = progress->bytes_all;
        return answer({});
    };
    ASSERT_TRUE(dump());
    EXPECT_EQ(files_then, 1);
    EXPECT_GT(to_be_written, 0) << "a context of libxl's has told";
}

TEST_F(Dumping, OfAGuestThatCannotBeHeldIsNotMade) {
    hold = [] { return answer(fail(Reason::io, "nobody has noted it")); };
    const auto dumped = dump();
    ASSERT_FALSE(dumped);
    EXPECT_EQ(dumped.error().message, "nobody has noted it");
    EXPECT_EQ(fake.dumped, 0);
    EXPECT_TRUE(left_nothing());
}

TEST_F(Dumping, OfWhatIsGoneOrTheHostItselfIsRefused) {
    hold = [] {
        ADD_FAILURE() << "nobody is to be held";
        return answer({});
    };
    const auto gone = dump(6);
    ASSERT_FALSE(gone);
    EXPECT_EQ(gone.error().reason, Reason::no_domain) << gone.error().message;
    const auto host = dump(0);
    ASSERT_FALSE(host);
    EXPECT_EQ(host.error().reason, Reason::unsupported_operation);
    EXPECT_TRUE(left_nothing());
}

}  // namespace
}  // namespace virtlight::xenlight
