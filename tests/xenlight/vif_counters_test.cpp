// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/vif_counters.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace virtlight::xenlight {
namespace {

using hypervisor::NicFigures;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

constexpr const char* net_dev =
    "Inter-|   Receive                                                |  Transmit\n"
    " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls "
    "carrier compressed\n"
    "    lo:    1000      10    0    0    0     0          0         0     1000      10    0    0    0     0"
    "       0          0\n"
    "vif3.10:     30       3    1    2    0     0          0         0       40       4    5    6    0     0"
    "       0          0\n"
    "  vif3.2: 1     1    0    0    0     0          0         0        2       2    0    0    0     0       "
    "0 "
    "         0\n"
    "vif12.0:18446744073709551615 1 0 0 0 0 0 0 7 7 0 0 0 0 0 0\n";

TEST(VifCounters, AreThoseOfTheGuestWhichReceivesWhatDom0Sends) {
    EXPECT_THAT(parse_net_dev(net_dev, {}),
                ElementsAre(Pair(3, ElementsAre(NicFigures{"vif3.2", 2, {2, 2}, {1, 1}},
                                                NicFigures{"vif3.10", 10, {40, 4, 5, 6}, {30, 3, 1, 2}})),
                            Pair(12, ElementsAre(NicFigures{"vif12.0", 0, {7, 7}, {~std::uint64_t{0}, 1}}))));
}

TEST(VifCounters, OfAnEmulatedCardAreThoseOfItsTapToo) {
    const auto counters = parse_net_dev(
        "vif4.0-emu: 100 10 0 0 0 0 0 0 200 20 0 0 0 0 0 0\n"
        "vif4.0: 1 2 3 4 0 0 0 0 5 6 7 8 0 0 0 0\n",
        {});
    EXPECT_THAT(counters,
                ElementsAre(Pair(4, ElementsAre(NicFigures{"vif4.0", 0, {205, 26, 7, 8}, {101, 12, 3, 4}}))));
}

TEST(VifCounters, AreThoseOfInterfacesThatHaveANameOfTheirOwn) {
    const auto counters = parse_net_dev(
        "web0: 1 2 3 4 0 0 0 0 5 6 7 8 0 0 0 0\n"
        "web0-emu: 1 1 1 1 0 0 0 0 1 1 1 1 0 0 0 0\n"
        "other: 1 2 3 4 0 0 0 0 5 6 7 8 0 0 0 0\n",
        {{"web0", {.domid = 9, .devid = 1}}});
    EXPECT_THAT(counters,
                ElementsAre(Pair(9, ElementsAre(NicFigures{"web0", 1, {6, 7, 8, 9}, {2, 3, 4, 5}}))));
}

TEST(VifCounters, AreNoOtherGuestsThoughTheNameIsThatOfATap) {
    const auto counters = parse_net_dev(
        "web0: 1 2 3 4 0 0 0 0 5 6 7 8 0 0 0 0\n"
        "web0-emu: 1 1 1 1 0 0 0 0 2 2 2 2 0 0 0 0\n",
        {{"web0", {.domid = 9, .devid = 1}}, {"web0-emu", {.domid = 10}}});
    EXPECT_THAT(counters,
                ElementsAre(Pair(9, ElementsAre(NicFigures{"web0", 1, {5, 6, 7, 8}, {1, 2, 3, 4}})),
                            Pair(10, ElementsAre(NicFigures{"web0-emu", 0, {2, 2, 2, 2}, {1, 1, 1, 1}}))));
}

TEST(VifCounters, PassOverWhatIsNoInterfaceOfAGuest) {
    for (const auto* line :
         {"", ":", "eth0: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16", "vif: 1 2 3 4 5 6 7 8 9",
          "vif1: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16", "vif1.x: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16",
          "vif1.0-foo: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16", "vif1.0: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15",
          "vif1.0: 1 2 3 x"})
        EXPECT_THAT(parse_net_dev(line, {}), IsEmpty()) << line;
}

RC_GTEST_PROP(VifCounters, AreReadFromWhateverIsThere, ()) {
    const auto words = *rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>(
        "vif", "1", ".", "0", "-emu", ":", " ", "\n", "99999999999999999999", "x"));
    std::string text;
    for (const auto& word : words)
        text += word;
    for (const auto& [domid, nics] : parse_net_dev(text, {}))
        RC_ASSERT(!nics.empty());
}

}  // namespace
}  // namespace virtlight::xenlight
