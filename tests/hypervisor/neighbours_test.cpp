// SPDX-License-Identifier: LGPL-2.1-or-later
#include "hypervisor/neighbours.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace virtlight::hypervisor {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Neighbours, AreThoseWhoHaveAnswered) {
    EXPECT_THAT(
        parse_arp_table("IP address       HW type     Flags       HW address            Mask     Device\n"
                        "10.0.0.7         0x1         0x2         00:16:3e:00:00:07     *        xenbr0\n"
                        "10.0.0.8         0x1         0x0         00:00:00:00:00:00     *        xenbr0\n"
                        "10.0.0.9         0x1         0x6         00:16:3e:00:00:09     *        xenbr0\n"
                        "10.0.0.10        0x1         0x2         00:00:00:00:00:00     *        lo\n"),
        ElementsAre(Neighbour{{{0, 0x16, 0x3e, 0, 0, 7}}, "10.0.0.7"},
                    Neighbour{{{0, 0x16, 0x3e, 0, 0, 9}}, "10.0.0.9"}));
}

TEST(Neighbours, AreNotReadFromWhatIsNoTable) {
    for (const auto* const text : {"", "\n\n", "10.0.0.7", "10.0.0.7 0x1", "10.0.0.7 0x1 2 00:16:3e:00:00:07",
                                   "10.0.0.7 0x1 0x 00:16:3e:00:00:07", "10.0.0.7 0x1 0x2 00:16"})
        EXPECT_THAT(parse_arp_table(text), IsEmpty()) << text;
}

TEST(Neighbours, AreReadFromTheKernel) {
    EXPECT_TRUE(read_neighbours());
}

}  // namespace
}  // namespace virtlight::hypervisor
