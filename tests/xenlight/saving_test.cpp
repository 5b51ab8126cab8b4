// SPDX-License-Identifier: LGPL-2.1-or-later
// Saving on the true libxl over a Xen in memory. The process that would write the guest's memory is a script.
#include <cstdlib>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "async/event_loop.hpp"
#include "async/scope.hpp"
#include "async/timing.hpp"
#include "base/temporary_folder.hpp"
#include "xenlight/fake_xen.hpp"
#include "xenlight/xen_hypervisor.hpp"

namespace virtlight::xenlight {
namespace {

using async::Task;

class Saving : public testing::Test {
 public:
    void SetUp() override {
        fake.reset();
        fake.add({.domid = 5, .uuid = uuid}, "guest");
        ::setenv("LIBXL_SAVE_HELPER", helper.c_str(), 1);
        auto opened = XenHypervisor::open(core);
        ASSERT_TRUE(opened) << opened.error().message;
        xen = std::move(*opened);
    }
    void TearDown() override { ::unsetenv("LIBXL_SAVE_HELPER"); }

    void helper_does(std::string_view script) {
        std::ofstream(helper) << "#!/bin/sh\n" << script << "\n";
        std::filesystem::permissions(helper, std::filesystem::perms::owner_all);
    }
    std::size_t images() const {
        return static_cast<std::size_t>(
            std::distance(std::filesystem::directory_iterator(folder.path()), {}));
    }
    /// The thread that wrote the image may let go of it a moment after the save has ended.
    bool left_nothing() const {
        for (int look = 0; look < 500 && images() > 0; ++look)
            ::usleep(10'000);
        return images() == 0;
    }
    hypervisor::ImageHead head() const { return {.definition = {.name = "guest", .uuid = uuid}}; }

    /// Saves domain 5; cancelled after so long.
    Result<> save(Duration cancelled_after) {
        Result<> result;
        scope.spawn(save_and_stop(*this, cancelled_after, result));
        core.run();
        return result;
    }
    static Task<> save_and_stop(Saving& t, Duration cancelled_after, Result<>& result) {
        async::CancelSource source;
        const async::Deadline deadline(t.core, t.core.now() + cancelled_after, source);
        result = co_await t.xen->save(5, t.head(), t.folder.path() / "image", {.cancel = source.token()});
        t.core.stop();
    }

    Uuid uuid = Uuid::random();
    fake_xen::Xen& fake = fake_xen::Xen::get();
    test::TemporaryFolder tools;
    test::TemporaryFolder folder;
    std::string helper = tools.path() / "helper";
    async::EventLoop core{"core"};
    async::Scope scope;
    std::unique_ptr<XenHypervisor> xen;
};

TEST_F(Saving, CancelledAtOnceEndsWithoutAFile) {
    helper_does("exec sleep 100");
    for (const auto after :
         {std::chrono::microseconds(0), std::chrono::microseconds(500), std::chrono::microseconds(50'000)}) {
        const auto saved = save(after);
        ASSERT_FALSE(saved);
        EXPECT_EQ(saved.error().reason, Reason::cancelled) << saved.error().message;
        EXPECT_TRUE(left_nothing());
    }
}

TEST_F(Saving, WhoseHelperFailsEndsWithLibxlsReasonAndWithoutAFile) {
    helper_does("exit 3");
    const auto saved = save(seconds(20));
    ASSERT_FALSE(saved);
    EXPECT_EQ(saved.error().reason, Reason::operation_failed);
    EXPECT_FALSE(saved.error().details.empty());
    EXPECT_TRUE(left_nothing());
}

TEST_F(Saving, OfADomainThatIsGoneSaysSo) {
    fake.remove(5);
    const auto saved = save(seconds(20));
    ASSERT_FALSE(saved);
    EXPECT_EQ(saved.error().reason, Reason::no_domain) << saved.error().message;
    EXPECT_TRUE(left_nothing());
}

}  // namespace
}  // namespace virtlight::xenlight
