// SPDX-License-Identifier: LGPL-2.1-or-later
#include <cstdint>
#include <utility>

#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "domain/xml.hpp"
#include "manager/saving_test.hpp"

// How much memory is saved with a guest.

namespace virtlight::manager {
namespace {

TEST_F(Saving, KeepsRoomForAllTheMemoryThatItsGuestHas) {
    auto web = guest_named("web");
    web.memory_max_kib = 256 * 1024;
    const auto guest = running(web);
    xen.truth.at(1).memory_kib = 128 * 1024 + 4;  // another tool has given it more
    look();
    ASSERT_TRUE(end_of(manager->save(guest.uuid, path, {})));
    EXPECT_EQ(xen.images.at(path).definition.memory_kib, 129u * 1024);
}

TEST_F(Saving, IsRefusedIfItsImageCouldNotBeReadBackWithTheMemoryThatItsGuestHas) {
    const auto guest = running("web");
    auto& longest = store.lives.at(guest.uuid).definition;
    longest = guest;
    longest.description = "x";
    longest.description.append(limits::xml_bytes - domain::format_xml(longest).size(), 'x');
    restart();
    xen.truth.at(1).memory_kib = 1024 * 1024;  // the number takes more digits
    look();
    expect_refused(end_of(manager->save(guest.uuid, path, {})), Reason::invalid_xml,
                   "could not be read back");
    EXPECT_EQ(xen.count("save"), 0u);
    xen.truth.at(1).memory_kib = guest.memory_kib;
    look();
    EXPECT_TRUE(end_of(manager->save(guest.uuid, path, {})));
}

TEST_F(Saving, KeepsRoomForTheMemoryThatItsGuestDoesNotGiveBack) {
    const auto guest = running("web");
    ASSERT_TRUE(end_of(manager->set_memory(guest.uuid, 32 * 1024, {.guest = true})));
    xen.truth.at(1).memory_kib = 64 * 1024 + 128;  // it has not heard of that
    look();
    ASSERT_TRUE(end_of(manager->save(guest.uuid, path, {})));
    EXPECT_EQ(xen.images.at(path).definition.memory_kib, 64u * 1024) << "as much as it may ever have";
}

TEST_F(Saving, KeepsRoomForTheMemoryThatItsGuestDoesNotGiveBackThoughItsMaximumWasLowered) {
    for (const bool with_xml : {false, true}) {
        const auto guest = running(with_xml ? "db" : "web");
        ASSERT_TRUE(end_of(manager->set_memory(guest.uuid, 32 * 1024, {.guest = true})));
        ASSERT_TRUE(end_of(manager->set_memory_max(guest.uuid, 32 * 1024, {.guest = true})));
        xen.truth.at(domid(guest)).memory_kib = 64 * 1024;  // it has not heard of that
        look();
        auto asked = guest;
        asked.memory_kib = asked.memory_max_kib = 32 * 1024;
        SaveOptions options;
        if (with_xml) options.definition = asked;
        ASSERT_TRUE(end_of(manager->save(guest.uuid, path, options)));
        const auto& saved = xen.images.at(path).definition;
        EXPECT_EQ(saved.memory_kib, 64u * 1024);
        EXPECT_EQ(saved.memory_max_kib, 64u * 1024) << "no other maximum would be taken for the same guest";
    }
}

TEST_F(Saving, TakesTheLittleThatXenAddsForNoMemoryOfTheGuests) {
    auto pv = guest_named("web");
    auto hvm = guest_named("old");
    hvm.type = domain::GuestType::hvm;
    for (auto [web, added_kib] : {std::pair(pv, 128), std::pair(hvm, 1536)}) {
        web.memory_max_kib = 256 * 1024;
        const auto guest = running(web);
        xen.truth.at(domid(guest)).memory_kib = 64 * 1024 + static_cast<std::uint64_t>(added_kib);
        look();
        ASSERT_TRUE(end_of(manager->save(guest.uuid, path, {})));
        EXPECT_EQ(xen.images.at(path).definition.memory_kib, 64u * 1024);
    }
}

}  // namespace
}  // namespace virtlight::manager
