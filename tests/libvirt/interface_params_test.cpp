// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>

#include "libvirt/conversation.hpp"
#include "libvirt/interface_messages.hpp"
#include "libvirt/statistics_messages.hpp"

namespace virtlight::libvirt {
namespace {

TEST(InterfaceParams, AreNoMoreThanTheClientHasRoomFor) {
    Conversation talk;
    const auto dom =
        talk.call<Domain>(11,
                          std::string("<domain type='xen'><name>web</name><memory unit='MiB'>64</memory>"
                                      "<os><type>linux</type><kernel>/boot/guest</kernel></os>"
                                      "<devices><interface type='bridge'><mac address='00:16:3e:00:00:01'/>"
                                      "<source bridge='xenbr0'/></interface></devices></domain>"))
            .value();
    const auto params = [&](std::int32_t room) {
        return talk.call<ParamsReply>(257, InterfaceParamsArgs{dom, "00:16:3e:00:00:01", room}).value();
    };
    EXPECT_EQ(params(0).params.size(), 0u);
    EXPECT_EQ(params(0).count, 7) << "so many there are";
    EXPECT_EQ(params(3).params.size(), 3u);
    EXPECT_EQ(params(16).params.size(), 7u);
}

}  // namespace
}  // namespace virtlight::libvirt
