// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libvirt/calls.hpp"
#include "libvirt/conversation.hpp"
#include "libvirt/flags.hpp"

namespace virtlight::libvirt {
namespace {

using testing::HasSubstr;

constexpr std::int32_t block_resize = 251;

class BlockResize : public ConversationTest {
 protected:
    /// A guest that runs with a disk of a kibibyte.
    BlockResize() {
        dom = talk.call<Domain>(10, TextFlags{"<domain type='xen'><name>grows</name>"
                                              "<memory unit='MiB'>64</memory>"
                                              "<os><type>linux</type><kernel>/boot/guest</kernel></os>"
                                              "<devices><disk type='file' device='disk'>"
                                              "<source file='/a'/><target dev='xvda'/></disk></devices>"
                                              "</domain>"})
                  .value();
        talk.xen.disk_sizes["xvda"] = {.capacity = 1024, .physical = 1024};
    }
    Result<void> resize(std::uint64_t size, std::uint32_t flags) {
        return talk.call<void>(block_resize, BlockResizeArgs{dom, "xvda", size, flags});
    }

    Domain dom;
};

TEST_F(BlockResize, IsInKibibytesOrInBytes) {
    EXPECT_TRUE(resize(2, 0));
    EXPECT_EQ(talk.xen.disk_sizes["xvda"].capacity, 2048u);
    EXPECT_TRUE(resize(4096, flag::resize_bytes));
    EXPECT_EQ(talk.xen.disk_sizes["xvda"].capacity, 4096u);
}

TEST_F(BlockResize, RefusesSizesThatAreNone) {
    EXPECT_THAT(resize(1ULL << 60, 0).error().message, HasSubstr("is more than 18014398509481983 KiB"));
    EXPECT_THAT(resize(1, flag::resize_capacity).error().message, HasSubstr("capacity of the block device"));
    EXPECT_EQ(resize(0, flag::resize_capacity).error().reason, Reason::unsupported_operation);
    EXPECT_THAT(resize(1, 1U << 2).error().message, HasSubstr("unsupported flags (0x4)"));
    EXPECT_EQ(talk.xen.count("resize_disk"), 0u);
}

}  // namespace
}  // namespace virtlight::libvirt
