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

    /// An image as `xl save` writes it.
    void write_xl_image(const std::string& config) const {
        std::ofstream file(folder.path() / "image", std::ios::binary);
        file.write("Xen saved domain, xl format\n \0 \r", 32);
        const auto length = static_cast<std::uint32_t>(config.size());
        for (const std::uint32_t word : {0x01020304U, 3U, 0U, length + 4, length})
            file.write(reinterpret_cast<const char*>(&word), sizeof word);  // NOLINT: plain bytes
        file << config << "the stream";
    }
    Result<hypervisor::ImageHead> read_image() {
        Result<hypervisor::ImageHead> head;
        scope.spawn(read_and_stop(*this, head));
        core.run();
        return head;
    }
    static Task<> read_and_stop(Saving& t, Result<hypervisor::ImageHead>& head) {
        head = co_await t.xen->read_image(t.folder.path() / "image");
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

TEST_F(Saving, ByXlIsReadInLibxlsOwnWords) {
    write_xl_image(fmt::format(R"({{"c_info": {{"type": "pv", "name": "by-xl", "uuid": "{}"}},
        "b_info": {{"max_vcpus": 2, "avail_vcpus": [0, 1], "max_memkb": 131072, "target_memkb": 65536,
        "kernel": "/boot/k", "type.pv": {{}}}}, "on_crash": "preserve"}})",
                               to_string(uuid)));
    const auto head = read_image();
    ASSERT_TRUE(head) << head.error().message;
    EXPECT_EQ(head->definition.name, "by-xl");
    EXPECT_EQ(head->definition.uuid, uuid);
    EXPECT_EQ(head->definition.type, domain::GuestType::pv);
    EXPECT_EQ(head->definition.memory_max_kib, 131072U);
    EXPECT_EQ(head->definition.vcpus, 2U);
    EXPECT_EQ(head->definition.on_crash, domain::LifecycleAction::preserve);
    EXPECT_FALSE(head->paused);
    EXPECT_TRUE(hypervisor::open_image_stream({folder.path() / "image", head->bytes}))
        << "it is known by xl's own head";
}

TEST_F(Saving, ByXlOfAGuestIsReadWithItsDisks) {
    write_xl_image(R"({"c_info": {"type": "pv", "name": "by-xl"},
        "b_info": {"max_memkb": 131072, "target_memkb": 65536, "type.pv": {}},
        "disks": [{"pdev_path": "/dev/sda", "vdev": "xvda", "format": "raw", "readwrite": 1}]})");
    const auto head = read_image();
    ASSERT_TRUE(head) << head.error().message;
    const domain::Disk disk{.source = domain::Disk::Source::block, .path = "/dev/sda"};
    EXPECT_EQ(head->definition.disks, std::vector{disk});
}

TEST_F(Saving, ByXlOfAGuestIsNotRestoredWithoutWhatADefinitionCannotHold) {
    write_xl_image(R"({"c_info": {"type": "pv", "name": "by-xl"},
        "b_info": {"max_memkb": 131072, "target_memkb": 65536, "type.pv": {}},
        "disks": [{"pdev_path": "/dev/sda", "vdev": "xvda", "format": "raw", "script": "block-iscsi"}]})");
    const auto head = read_image();
    ASSERT_FALSE(head);
    EXPECT_EQ(head.error().reason, Reason::unsupported_config);
    EXPECT_THAT(head.error().message, testing::HasSubstr("disk xvda has a block script"));
    write_xl_image("{ nonsense");
    EXPECT_EQ(read_image().error().reason, Reason::invalid_argument);
}

}  // namespace
}  // namespace virtlight::xenlight
