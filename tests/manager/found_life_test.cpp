// SPDX-License-Identifier: LGPL-2.1-or-later
#include "manager/found_life.hpp"

#include <vector>

#include <gtest/gtest.h>

namespace virtlight::manager {
namespace {

using Fate = FoundLife::Fate;
using hypervisor::DomainSeen;
using hypervisor::StopReason;

StoredLife a_note(Held held = Held::no, unsigned domid = 7) {
    StoredLife life;
    life.domid = domid;
    life.held = held;
    life.definition.name = "web";
    return life;
}

DomainSeen a_guest(unsigned domid = 7) {
    DomainSeen seen;
    seen.domid = domid;
    seen.name = "web";
    seen.cpu_time = seconds(1);
    return seen;
}

DomainSeen half_made(unsigned domid = 7) {
    auto made = a_guest(domid);
    made.paused = true;
    made.cpu_time = {};
    return made;
}

FoundLife found_of(const StoredLife& life, const std::vector<DomainSeen>& all) {
    std::vector<const DomainSeen*> candidates;
    for (const auto& one : all)
        candidates.push_back(&one);
    return judge_found(life, candidates);
}

TEST(AFoundLife, GoesOnIfItsDomidIsThere) {
    const std::vector all{a_guest(3), a_guest(7)};
    const auto found = found_of(a_note(), all);
    EXPECT_EQ(found.fate, Fate::goes_on);
    EXPECT_EQ(found.seen, &all[1]);
    EXPECT_FALSE(found.to_start);
}

TEST(AFoundLife, HasEndedIfItsDomidIsGoneDyingOrOfAnotherBootOfTheHost) {
    EXPECT_EQ(found_of(a_note(), {}).fate, Fate::ended);
    EXPECT_EQ(found_of(a_note(), {a_guest(3)}).fate, Fate::ended) << "another tool's";
    auto dying = a_guest();
    dying.dying = true;
    EXPECT_EQ(found_of(a_note(), {dying}).fate, Fate::ended);
    auto of_before = a_note();
    of_before.over = true;
    EXPECT_EQ(found_of(of_before, {a_guest()}).fate, Fate::ended);
    EXPECT_EQ(found_of(of_before, {a_guest()}).seen, nullptr);
}

TEST(AFoundLife, WasCutOffIfItsGuestWasNeverLetRun) {
    const std::vector all{half_made()};
    EXPECT_EQ(found_of(a_note(Held::starting), all).fate, Fate::cut_off);
    EXPECT_EQ(found_of(a_note(Held::starting), all).seen, &all[0]);
    EXPECT_EQ(found_of(a_note(Held::no), all).fate, Fate::goes_on) << "it was started paused";
    auto paused = a_guest();
    paused.paused = true;
    EXPECT_EQ(found_of(a_note(Held::starting), {paused}).fate, Fate::goes_on) << "it has run";
    auto stopped = half_made();
    stopped.stopped = StopReason::crash;
    EXPECT_EQ(found_of(a_note(Held::starting), {stopped}).fate, Fate::goes_on);
}

TEST(AFoundLife, OfWhichOnlyTheIntentIsKnownHasWhatWasMadeForIt) {
    const auto intent = a_note(Held::no, 0);
    EXPECT_EQ(found_of(intent, {}).fate, Fate::cut_off);
    EXPECT_EQ(found_of(intent, {}).seen, nullptr);
    auto nameless = half_made(4);
    nameless.name.clear();
    const std::vector all{nameless};
    EXPECT_EQ(found_of(intent, all).seen, &all[0]);
    auto theirs = half_made(4);
    theirs.name = "theirs";
    EXPECT_EQ(found_of(intent, {theirs}).fate, Fate::cut_off);
    EXPECT_EQ(found_of(intent, {theirs}).seen, nullptr);
    EXPECT_EQ(found_of(intent, {a_guest(4)}).fate, Fate::not_started) << "what runs is another tool's";
}

TEST(AFoundLife, IsStartedAnewIfThatHadBegunAndNobodyElseHasDoneIt) {
    auto again = a_note(Held::ending);
    again.again = true;
    EXPECT_TRUE(found_of(again, {}).to_start);
    EXPECT_TRUE(found_of(again, {half_made()}).to_start) << "it is being taken apart";
    EXPECT_FALSE(found_of(again, {a_guest(3)}).to_start);
    EXPECT_FALSE(found_of(again, {half_made(), a_guest(3)}).to_start);
    auto dying = a_guest(3);
    dying.dying = true;
    EXPECT_TRUE(found_of(again, {dying}).to_start);

    for (const auto held : {Held::no, Held::saving, Held::dumping, Held::devices}) {
        again.held = held;
        EXPECT_FALSE(found_of(again, {}).to_start) << "it was only asked to reboot";
    }
    again.domid = 0;
    EXPECT_TRUE(found_of(again, {}).to_start);
    EXPECT_TRUE(found_of(again, {half_made(4)}).to_start);
    again.over = true;
    EXPECT_FALSE(found_of(again, {}).to_start) << "the host has booted since";
}

TEST(AFoundLife, IsNotTheGuestThatHasRunOfWhichOnlyAnIntentIsKnown) {
    auto paused = half_made();
    EXPECT_EQ(found_of(a_note(Held::no, 0), {paused}).fate, Fate::cut_off);
    paused.cpu_time = seconds(1);
    EXPECT_EQ(found_of(a_note(Held::no, 0), {paused}).fate, Fate::not_started) << "another tool's";
}

}  // namespace
}  // namespace virtlight::manager
