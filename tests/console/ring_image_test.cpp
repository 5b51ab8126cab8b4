// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <string>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/limits.hpp"
#include "console/moments.hpp"
#include "console/ring.hpp"
#include "console/ring_model.hpp"

namespace virtlight::console {
namespace {

using test::at_ms;
using test::read_all;
using test::small_history;

Ring used_ring(const HistorySize& size = small_history) {
    Ring ring(size);
    ring.mark(Mark::Kind::boot, at_ms(0));
    ring.append("abcdefghijklmnop", at_ms(10));
    ring.mark(Mark::Kind::reboot, at_ms(500));
    ring.append("qrs", at_ms(510));
    ring.append("tuvwxyz", at_ms(900));
    ring.mark(Mark::Kind::save, at_ms(1000));
    return ring;
}

void expect_equal(const Ring& a, const Ring& b) {
    EXPECT_EQ(a.begin(), b.begin());
    EXPECT_EQ(read_all(a), read_all(b));
    EXPECT_TRUE(std::ranges::equal(a.marks(), b.marks()));
    EXPECT_TRUE(std::ranges::equal(a.times().spans(), b.times().spans()));
    ASSERT_EQ(a.boots().size(), b.boots().size());
    for (std::size_t i = 0; i < a.boots().size(); ++i) {
        EXPECT_EQ(a.boots()[i].number(), b.boots()[i].number());
        EXPECT_EQ(a.boots()[i].began(), b.boots()[i].began());
        EXPECT_EQ(a.boots()[i].range(), b.boots()[i].range());
        EXPECT_EQ(a.boots()[i].gap(), b.boots()[i].gap());
    }
}

std::string image_of(const Ring& ring) {
    auto image = ring.image();
    Ring::seal(image);
    return image;
}

/// The image with its content changed and its checksum made good again, as only a program could do it.
std::string forged(std::string image, std::size_t at, char value) {
    image[at] = value;
    image.resize(image.size() - sizeof(std::uint64_t));
    Ring::seal(image);
    return image;
}

TEST(RingImage, BringsBackAllOfTheHistory) {
    const auto ring = used_ring();
    const auto restored = Ring::from_image(image_of(ring), small_history);
    ASSERT_TRUE(restored) << restored.error().message;
    EXPECT_EQ(read_all(*restored), "abcd______klmnopqrstuvwxyz");
    expect_equal(ring, *restored);
}

TEST(RingImage, BringsBackAnEmptyHistory) {
    const auto restored = Ring::from_image(image_of(Ring(small_history)), small_history);
    ASSERT_TRUE(restored) << restored.error().message;
    EXPECT_EQ(restored->end(), 0u);
}

TEST(RingImage, GoesOnWhereTheHistoryEnded) {
    auto ring = used_ring();
    auto restored = Ring::from_image(image_of(ring), small_history);
    ASSERT_TRUE(restored);
    for (auto* const each : {&ring, &*restored}) {
        each->append("0123", at_ms(2000));
        each->mark(Mark::Kind::reboot, at_ms(3000));
        each->append("4567", at_ms(3000));
    }
    expect_equal(ring, *restored);
}

TEST(RingImage, IsCutToASmallerHistory) {
    const HistorySize smaller{.first = 2, .last = 3, .older = 20};
    auto restored = Ring::from_image(image_of(used_ring()), smaller);
    ASSERT_TRUE(restored);
    EXPECT_EQ(restored->end(), 26u);
    EXPECT_EQ(read_all(*restored), "ab___________nopqr_____xyz");
    restored->append("0", at_ms(2000));
    EXPECT_EQ(read_all(*restored, 16), "qr______yz0");
    const auto without_older = Ring::from_image(image_of(used_ring()), {.first = 4, .last = 6, .older = 0});
    ASSERT_TRUE(without_older);
    EXPECT_EQ(without_older->begin(), 16u);
}

TEST(RingImage, KeepsItsGapInALargerHistory) {
    Ring ring(small_history);
    ring.append("abcdefghijklmnop", at_ms(0));
    auto restored = Ring::from_image(image_of(ring), {.first = 100, .last = 100, .older = 100});
    ASSERT_TRUE(restored);
    restored->append("qrs", at_ms(1));
    EXPECT_EQ(read_all(*restored), "abcd______klmnopqrs");
}

TEST(RingImage, IsRefusedWhenItIsOfAnotherVersionAndSaysSo) {
    const auto restored = Ring::from_image(forged(image_of(used_ring()), 8, 2), small_history);
    ASSERT_FALSE(restored);
    EXPECT_EQ(restored.error().message, "a console's history cannot be read: it is of version 2, not 1");
}

TEST(RingImage, IsRefusedWhenItIsSomethingElse) {
    for (const auto* const text : {"", "V", "VLconsol", "#!/bin/sh\nexit 0\n"})
        EXPECT_FALSE(Ring::from_image(text, small_history)) << text;
}

TEST(RingImage, IsNoLongerThanPromised) {
    const HistorySize size{.first = 1000, .last = 1000, .older = 5000};
    Ring ring(size);
    for (int i = 0; i < 5000; ++i) {
        ring.append("some more output", at_ms(i * 100));
        ring.mark(i % 50 == 0 ? Mark::Kind::reboot : Mark::Kind::attached, at_ms(i * 100));
    }
    EXPECT_LE(image_of(ring).size(), Ring::longest_image(size));
}

RC_GTEST_PROP(RingImageProperty, IsRefusedWhenOneByteIsDamaged, ()) {
    auto image = image_of(used_ring());
    const auto at = *rc::gen::inRange<std::size_t>(0, image.size());
    image[at] = static_cast<char>(image[at] ^ *rc::gen::inRange(1, 256));
    RC_ASSERT(!Ring::from_image(image, small_history));
}

RC_GTEST_PROP(RingImageProperty, IsRefusedWhenItIsCutShort, ()) {
    const auto image = image_of(used_ring());
    RC_ASSERT(
        !Ring::from_image(image.substr(0, *rc::gen::inRange<std::size_t>(0, image.size())), small_history));
}

RC_GTEST_PROP(RingImageProperty, GivesARingThatIsInOrderOrNoneWhateverStandsInIt, ()) {
    const auto image = image_of(used_ring());
    const auto at = *rc::gen::inRange<std::size_t>(12, image.size() - 8);
    auto restored = Ring::from_image(forged(image, at, *rc::gen::arbitrary<char>()), small_history);
    if (!restored) return;
    RC_ASSERT(restored->memory() <= small_history.bytes() + limits::console_overhead);
    const auto end = restored->end();
    restored->append("more", at_ms(5000));
    RC_ASSERT(restored->end() == end + 4);
    RC_ASSERT(restored->read(end, 100).missed.empty());
    RC_ASSERT(!restored->read(end, 100).bytes.empty());
    for (auto from = restored->begin(); from < restored->end();) {
        const auto piece = restored->read(from, 100);
        RC_ASSERT(!piece.empty());
        from = piece.next();
    }
}

RC_GTEST_PROP(RingImageProperty, IsTheSameWhenItIsRestoredAndTakenAgain,
              (const std::vector<std::pair<bool, std::string>>& steps)) {
    Ring ring(small_history);
    int now = 0;
    for (const auto& [boot, text] : steps) {
        if (boot) ring.mark(Mark::Kind::reboot, at_ms(now));
        ring.append(text, at_ms(now += 20));
    }
    const auto image = image_of(ring);
    const auto restored = Ring::from_image(image, small_history);
    RC_ASSERT(restored.has_value());
    RC_ASSERT(image_of(*restored) == image);
}

}  // namespace
}  // namespace virtlight::console
