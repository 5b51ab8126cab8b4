// SPDX-License-Identifier: LGPL-2.1-or-later
#include "console/broker.hpp"

#include <algorithm>
#include <deque>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/limits.hpp"
#include "console/moments.hpp"
#include "console/ring_model.hpp"

namespace virtlight::console {
namespace {

using test::at_ms;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr HistorySize small{.first = 8, .last = 8, .older = 16};

/// Writes down what it is told, and can do something about it.
class Recorder : public Viewer {
 public:
    void readable() override { note("readable", on_readable); }
    void writable() override { note("writable", on_writable); }
    void writing_taken(const std::string& by) override { note("taken by " + by, {}); }
    void silenced(const std::string& why) override { note("silence: " + why, {}); }
    void closed(const Error& why) override { note("closed: " + why.message, on_closed); }

    std::vector<std::string> told() { return std::exchange(told_, {}); }

    std::function<void()> on_readable;
    std::function<void()> on_writable;
    std::function<void()> on_closed;

 private:
    void note(std::string what, const std::function<void()>& action) {
        told_.push_back(std::move(what));
        if (action) action();
    }

    std::vector<std::string> told_;
};

class BrokerTest : public testing::Test {
 protected:
    ViewerId attach(Viewer& viewer, Access access, std::string name = "somebody") {
        const auto id = broker.attach(viewer, {.name = std::move(name), .access = access});
        EXPECT_TRUE(id) << id.error().message;
        return id.value_or(ViewerId{});
    }

    std::string refusal(Attachment how) {
        const auto id = broker.attach(late, std::move(how));
        EXPECT_FALSE(id) << "was let in";
        return id ? "" : id.error().message;
    }

    void say(std::string_view bytes) { broker.output(bytes, at_ms(0)); }

    /// All that there is for the viewer now.
    std::string read(ViewerId id) {
        for (std::string all;;) {
            const auto portion = broker.read(id, 5);
            if (portion.piece.empty()) return portion.end ? all + "." : all;
            all.append(portion.piece.missed.size(), test::hole);
            all += portion.piece.bytes;
        }
    }

    std::string take_input(std::size_t bytes = 1000) {
        const std::string taken(broker.input().substr(0, bytes));
        broker.input_written(taken.size());
        return taken;
    }

    int offers = 0;
    Time now;
    Broker broker{"web/serial0", Ring(small), [this] { ++offers; }, [this] { return now; }};
    Recorder a;
    Recorder b;
    Recorder late;
};

using BrokerReading = BrokerTest;
using BrokerWriting = BrokerTest;
using BrokerInput = BrokerTest;

TEST_F(BrokerReading, GivesTheHistoryAndThenWhatComes) {
    say("boot");
    const auto id = attach(a, Access::view);
    EXPECT_EQ(read(id), "boot");
    say("ing");
    EXPECT_EQ(read(id), "ing");
    EXPECT_EQ(read(id), "");
}

TEST_F(BrokerReading, BeginsWhereAViewerAsks) {
    say("booting");
    const auto late_part = broker.attach(a, {.name = "a", .from = 4});
    const auto only_new = broker.attach(b, {.name = "b", .from = 1'000'000});
    ASSERT_TRUE(late_part && only_new);
    say("!");
    EXPECT_EQ(read(*late_part), "ing!");
    EXPECT_EQ(read(*only_new), "!");
}

TEST_F(BrokerReading, TellsAViewerOnceThatThereIsSomethingWhenItFoundNothing) {
    const auto id = attach(a, Access::view);
    say("x");
    EXPECT_THAT(a.told(), IsEmpty()) << "it has not looked yet";
    EXPECT_EQ(read(id), "x");
    say("y");
    say("z");
    EXPECT_THAT(a.told(), ElementsAre("readable"));
    EXPECT_EQ(read(id), "yz");
    say("");
    EXPECT_THAT(a.told(), IsEmpty());
}

TEST_F(BrokerReading, GivesEachViewerItsOwnPosition) {
    const auto quick = attach(a, Access::view);
    const auto slow = attach(b, Access::view);
    say("abc");
    EXPECT_EQ(read(quick), "abc");
    say("def");
    EXPECT_EQ(read(quick), "def");
    EXPECT_EQ(read(slow), "abcdef");
}

TEST_F(BrokerReading, MarksWhatASlowViewerMissedAndCountsIt) {
    const auto quick = attach(a, Access::view, "quick");
    const auto slow = attach(b, Access::view, "slow");
    std::string heard;
    for (const auto* const text : {"01234567", "abcdefgh", "ijklmnop"}) {
        say(text);
        heard += read(quick);
    }
    EXPECT_EQ(heard, "01234567abcdefghijklmnop");
    EXPECT_EQ(broker.viewers()[1].behind, 24u);
    EXPECT_EQ(read(slow), "01234567________ijklmnop");
    const auto all = broker.viewers();
    ASSERT_EQ(all.size(), 2u);
    EXPECT_EQ(all[0].name, "quick");
    EXPECT_EQ(all[0].missed, 0u);
    EXPECT_EQ(all[1].name, "slow");
    EXPECT_EQ(all[1].missed, 8u);
    EXPECT_EQ(all[1].behind, 0u);
}

TEST_F(BrokerReading, RefusesMoreViewersThanItsLimit) {
    std::deque<Recorder> viewers;
    for (std::size_t i = 0; i < limits::console_viewers; ++i)
        attach(viewers.emplace_back(), Access::view);
    EXPECT_EQ(refusal({.name = "one more"}), "cannot open console web/serial0: it has 64 viewers already");
    broker.detach(broker.viewers().front().id);
    EXPECT_TRUE(broker.attach(late, {.name = "one more"}));
}

/// All places taken, by viewers who read when a test says so.
class BrokerFull : public BrokerTest {
 protected:
    BrokerFull() {
        for (std::size_t i = 0; i < limits::console_viewers; ++i)
            ids.push_back(attach(viewers.emplace_back(), Access::write_if_free, fmt::format("v{}", i)));
        say("ab");
    }

    void read_all_but(const std::set<std::size_t>& stuck) {
        for (std::size_t i = 0; i < ids.size(); ++i)
            if (!stuck.contains(i)) read(ids[i]);
    }

    std::deque<Recorder> viewers;
    std::vector<ViewerId> ids;
    const Attachment taking_over{.name = "root", .access = Access::force};
    const std::string full = "cannot open console web/serial0: it has 64 viewers already";
};

TEST_F(BrokerFull, GivesWhoTakesItOverThePlaceOfTheOneWhoHasReadNothingForLongest) {
    read_all_but({7, 9});
    now += seconds(1);
    broker.read(ids[9], 1);
    now += limits::console_stuck;
    EXPECT_EQ(refusal({.name = "guest"}), full) << "only who takes it over gets one";
    const auto id = broker.attach(late, taking_over);
    ASSERT_TRUE(id);
    EXPECT_TRUE(broker.writes(*id));
    EXPECT_THAT(viewers[7].told(),
                ElementsAre("closed: 'root' took the place at console web/serial0 of this viewer, which had "
                            "read nothing for 30 s"));
    EXPECT_TRUE(broker.read(ids[7], 5).end);
    EXPECT_THAT(viewers[0].told(), ElementsAre("taken by root"));
    EXPECT_EQ(broker.viewers().size(), limits::console_viewers);
}

TEST_F(BrokerFull, GivesNobodysPlaceAwayWhoReads) {
    read_all_but({7});
    now += limits::console_stuck - milliseconds(1);
    EXPECT_EQ(refusal(taking_over), full) << "one has not read for a while";
    now += milliseconds(1);
    read_all_but({});
    EXPECT_EQ(refusal(taking_over), full);
    now += std::chrono::hours(1);
    EXPECT_EQ(refusal(taking_over), full) << "there is nothing that they could read";
    say("c");
    now += limits::console_stuck - milliseconds(1);
    EXPECT_EQ(refusal(taking_over), full) << "they can read only since";
    now += milliseconds(1);
    EXPECT_TRUE(broker.attach(late, taking_over));
}

TEST_F(BrokerFull, GivesThePlaceOfTheOneWhoWritesAwayToo) {
    read_all_but({0});
    now += limits::console_stuck;
    const auto id = broker.attach(late, taking_over);
    ASSERT_TRUE(id);
    EXPECT_TRUE(broker.writes(*id));
    EXPECT_THAT(viewers[0].told(), ElementsAre(HasSubstr("closed: 'root' took the place")));
    EXPECT_EQ(broker.viewers().size(), limits::console_viewers);
}

TEST_F(BrokerReading, EndsForThoseWhoWatchedWhenTheGuestStopsAndAllIsRead) {
    const auto waiting = attach(a, Access::view);
    const auto behind = attach(b, Access::view);
    EXPECT_EQ(read(waiting), "");
    say("bye");
    EXPECT_EQ(read(waiting), "bye");
    a.told();
    broker.finish();
    EXPECT_THAT(a.told(), ElementsAre("readable"));
    broker.mark(Mark::Kind::boot, at_ms(1));
    say("hello");
    EXPECT_EQ(read(waiting), ".");
    EXPECT_EQ(read(behind), "bye.") << "the next life of the guest is not what it watched";
    EXPECT_EQ(read(attach(late, Access::view)), "byehello");
}

TEST_F(BrokerReading, EndsAlsoWhenTheEndFellOutInTheMeantime) {
    const auto id = attach(a, Access::view);
    say("01234567abcd");
    broker.finish();
    say("efghijklmnop");
    EXPECT_EQ(read(id), "01234567____.");
}

TEST_F(BrokerReading, EndsForAViewerThatItDoesNotKnow) {
    const auto id = attach(a, Access::view);
    say("x");
    broker.detach(id);
    broker.detach(id);
    EXPECT_EQ(read(id), ".");
    EXPECT_TRUE(broker.viewers().empty());
}

TEST_F(BrokerReading, TellsThoseWhoWatchOnceWhyNothingComes) {
    attach(a, Access::view);
    broker.finish();
    attach(b, Access::view);
    for (const auto* why : {"lent", "lent", ""})
        broker.set_silence(why);
    EXPECT_THAT(b.told(), ElementsAre("silence: lent", "silence: "));
    EXPECT_THAT(a.told(), IsEmpty()) << "it only reads to the end of what was said before";
}

TEST_F(BrokerReading, TellsNobodyWhoLeft) {
    const auto id = attach(a, Access::view);
    EXPECT_EQ(read(id), "");
    broker.detach(id);
    say("x");
    EXPECT_THAT(a.told(), IsEmpty());
}

TEST_F(BrokerReading, TakesAwayOneViewerAndNotTheOthers) {
    const auto first = attach(a, Access::view);
    const auto second = attach(b, Access::view);
    EXPECT_EQ(read(first) + read(second), "");
    broker.detach(first);
    say("x");
    EXPECT_THAT(b.told(), ElementsAre("readable"));
    EXPECT_EQ(read(second), "x");
}

TEST_F(BrokerReading, SurvivesViewersThatLeaveAndThrowOthersOutWhenTheyAreTold) {
    const auto first = attach(a, Access::view);
    const auto second = attach(b, Access::view);
    const auto third = attach(late, Access::view);
    EXPECT_EQ(read(first) + read(second) + read(third), "");
    a.on_readable = [&] {
        broker.detach(first);
        broker.detach(second);
    };
    say("x");
    EXPECT_THAT(a.told(), ElementsAre("readable"));
    EXPECT_THAT(b.told(), IsEmpty());
    EXPECT_THAT(late.told(), ElementsAre("readable"));
}

TEST_F(BrokerWriting, LetsOneWriteAndRefusesTheNextInLibvirtsWords) {
    const auto id = attach(a, Access::write, "virsh");
    EXPECT_TRUE(broker.writes(id));
    EXPECT_EQ(refusal({.name = "late", .access = Access::write}),
              "Active console session exists for this domain: 'virsh' writes to console web/serial0; --force "
              "takes it over");
    EXPECT_THAT(a.told(), IsEmpty());
    EXPECT_EQ(broker.viewers().size(), 1u);
}

TEST_F(BrokerWriting, LetsOthersWatchWhileOneWrites) {
    attach(a, Access::write, "virsh");
    const auto watcher = attach(b, Access::write_if_free);
    EXPECT_FALSE(broker.writes(watcher));
    const auto written = broker.write(watcher, "x");
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().reason, Reason::access_denied);
    EXPECT_EQ(written.error().message, "cannot write to console web/serial0: 'virsh' does");
    EXPECT_EQ(broker.input(), "");
}

TEST_F(BrokerWriting, GivesTheWritingToTheFirstWhoWantsItWhenItIsFree) {
    attach(a, Access::view);
    EXPECT_TRUE(broker.writes(attach(b, Access::write_if_free)));
}

TEST_F(BrokerWriting, IsFreeAgainWhenTheWriterLeaves) {
    broker.detach(attach(a, Access::write));
    EXPECT_TRUE(broker.writes(attach(b, Access::write)));
}

TEST_F(BrokerWriting, IsTakenByForceFromAWriterThatWatchesOn) {
    const auto former = attach(a, Access::write);
    const auto taker = attach(b, Access::force, "admin");
    EXPECT_TRUE(broker.writes(taker));
    EXPECT_FALSE(broker.writes(former));
    EXPECT_THAT(a.told(), ElementsAre("taken by admin"));
    EXPECT_FALSE(broker.write(former, "x"));
    say("x");
    EXPECT_EQ(read(former), "x");
}

TEST_F(BrokerWriting, ClosesAFormerWriterThatCannotBeToldOtherwise) {
    const auto former = broker.attach(a, {.name = "virsh", .access = Access::write, .watches_on = false});
    ASSERT_TRUE(former);
    a.on_closed = [&] { EXPECT_EQ(broker.viewers().size(), 1u); };
    attach(b, Access::force, "admin");
    EXPECT_THAT(a.told(), ElementsAre("closed: 'admin' took over console web/serial0"));
    EXPECT_EQ(read(*former), ".");
}

TEST_F(BrokerWriting, NeedsNoForceWhereNobodyWrites) {
    attach(a, Access::view);
    EXPECT_TRUE(broker.writes(attach(b, Access::force)));
    EXPECT_THAT(a.told(), IsEmpty());
}

TEST_F(BrokerWriting, IsSafeOnlyWhereNobodyElseReadsTheTty) {
    EXPECT_THAT(refusal({.name = "x", .access = Access::write, .safe = true}),
                HasSubstr("cannot open console web/serial0 safely"));
    broker.set_exclusive(true);
    EXPECT_TRUE(broker.attach(a, {.name = "x", .access = Access::write, .safe = true}));
}

TEST_F(BrokerWriting, IsOverWhenTheGuestStops) {
    const auto former = attach(a, Access::write);
    broker.finish();
    EXPECT_FALSE(broker.writes(former));
    EXPECT_TRUE(broker.writes(attach(b, Access::write)));
}

TEST_F(BrokerInput, IsOfferedInOrder) {
    const auto id = attach(a, Access::write);
    EXPECT_EQ(broker.write(id, "ls"), 2u);
    EXPECT_EQ(broker.write(id, " -l\n"), 4u);
    EXPECT_EQ(offers, 2);
    EXPECT_EQ(take_input(3), "ls ");
    EXPECT_EQ(take_input(), "-l\n");
    EXPECT_EQ(broker.input(), "");
}

TEST_F(BrokerInput, WaitsWhileTheGuestIsPaused) {
    const auto id = attach(a, Access::write);
    broker.hold_input(true);
    EXPECT_EQ(broker.write(id, "ls\n"), 3u);
    EXPECT_EQ(broker.input(), "");
    EXPECT_EQ(offers, 0);
    broker.hold_input(false);
    EXPECT_EQ(offers, 1);
    EXPECT_EQ(take_input(), "ls\n");
    broker.hold_input(false);
    EXPECT_EQ(offers, 1) << "nothing to offer";
}

TEST_F(BrokerInput, OfAWriterWhoLeavesAsItIsToldOfRoomIsNotWaitedWith) {
    std::size_t guest_takes = 0;
    std::function<void()> take = [] {};
    Broker shared{"web/console0", Ring(small), [&take] { take(); }};
    take = [&] { shared.input_written(std::exchange(guest_takes, 0)); };
    Recorder writer;
    const auto id = shared.attach(writer, {.name = "writer", .access = Access::write}).value();
    const std::string full(limits::console_input_bytes, 'x');
    EXPECT_EQ(shared.write(id, full + "more").value(), full.size());
    shared.input_written(500);
    EXPECT_THAT(writer.told(), IsEmpty()) << "not for so little room";
    writer.on_writable = [&] { shared.detach(id); };
    guest_takes = 1500;
    EXPECT_EQ(shared.write(id, full + full).value(), 500U) << "it is gone";
    EXPECT_THAT(writer.told(), ElementsAre("writable"));
    shared.input_written(shared.input().size());
    EXPECT_THAT(writer.told(), IsEmpty());
}

TEST_F(BrokerInput, IsDeliveredWhenItsWriterHasLeft) {
    const auto id = attach(a, Access::write);
    EXPECT_EQ(broker.write(id, "ls\n"), 3u);
    broker.detach(id);
    EXPECT_EQ(take_input(), "ls\n");
}

TEST_F(BrokerInput, IsBoundedAndTheWriterToldOnceWhenThereIsRoom) {
    const auto id = attach(a, Access::write);
    const std::string much(3 * limits::console_input_bytes, 'x');
    EXPECT_EQ(broker.write(id, much), limits::console_input_bytes);
    EXPECT_EQ(broker.write(id, "y"), 0u);
    take_input(1);
    EXPECT_THAT(a.told(), IsEmpty()) << "not for every byte";
    take_input(limits::console_input_bytes / 2);
    EXPECT_THAT(a.told(), ElementsAre("writable"));
    take_input();
    EXPECT_THAT(a.told(), IsEmpty());
}

TEST_F(BrokerInput, IsToldOfWhenAllOfItIsTakenToTheWriterWhoWaitsForThat) {
    const auto id = attach(a, Access::write);
    EXPECT_TRUE(broker.all_taken(id)) << "there was none";
    broker.hold_input(true);
    EXPECT_EQ(broker.write(id, "ls\n"), 3u);
    EXPECT_FALSE(broker.all_taken(id));
    EXPECT_TRUE(broker.all_taken(attach(b, Access::view))) << "it is not this one's";
    broker.hold_input(false);
    take_input(2);
    EXPECT_THAT(a.told(), IsEmpty());
    take_input(1);
    EXPECT_THAT(a.told(), ElementsAre("writable"));
    EXPECT_TRUE(broker.all_taken(id));
}

TEST_F(BrokerInput, IsWaitedForByNobodyWhenTheGuestHasStopped) {
    const auto id = attach(a, Access::write);
    broker.hold_input(true);
    EXPECT_TRUE(broker.write(id, "ls\n"));
    EXPECT_FALSE(broker.all_taken(id));
    broker.finish();
    EXPECT_THAT(a.told(), ElementsAre("writable"));
    EXPECT_TRUE(broker.all_taken(id));
}

TEST_F(BrokerInput, IsTakenWithoutEndFromAWriterWhoseBytesAreTakenAtOnce) {
    std::string written;
    Broker direct("web/serial0", Ring(small), [&] {
        written += direct.input();
        direct.input_written(direct.input().size());
    });
    const auto id = direct.attach(a, {.name = "a", .access = Access::write});
    const std::string much(10 * limits::console_input_bytes, 'x');
    EXPECT_EQ(direct.write(*id, much), much.size());
    EXPECT_EQ(written, much);
    EXPECT_THAT(a.told(), IsEmpty());
}

TEST_F(BrokerInput, OfAFormerWriterComesBeforeThatOfTheOneWhoTookOver) {
    broker.hold_input(true);
    const auto former = attach(a, Access::write);
    EXPECT_TRUE(broker.write(former, "one "));
    const auto taker = attach(b, Access::force);
    EXPECT_TRUE(broker.write(taker, "two"));
    broker.hold_input(false);
    EXPECT_EQ(take_input(), "one two");
}

TEST_F(BrokerInput, ForOneBootIsNotTypedIntoTheNext) {
    const auto id = attach(a, Access::write);
    const std::string much(limits::console_input_bytes + 1, 'x');
    EXPECT_TRUE(broker.write(id, much));
    broker.mark(Mark::Kind::reboot, at_ms(0));
    EXPECT_EQ(broker.input(), "");
    EXPECT_THAT(a.told(), ElementsAre("writable"));
}

TEST_F(BrokerInput, SurvivesAMerelySavedGuest) {
    const auto id = attach(a, Access::write);
    EXPECT_TRUE(broker.write(id, "x"));
    broker.mark(Mark::Kind::save, at_ms(0));
    broker.mark(Mark::Kind::restore, at_ms(1));
    EXPECT_EQ(take_input(), "x");
}

// Any interleaving of output, boots, reads, comings and goings.

/// Checks that what it reads is the guest's output, each byte once and in order, or marked as missed.
class Checker : public Viewer {
 public:
    Checker(Broker& broker, const std::string& all, bool prompt)
        : broker_(broker), all_(all), prompt_(prompt) {}

    void start() {
        from_ = *rc::gen::inRange<Offset>(0, all_.size() + 1);
        const auto attached = broker_.attach(*this, {.name = "x", .from = from_});
        RC_ASSERT(attached.has_value());
        id_ = *attached;
        attached_at_ = all_.size();
        at_ = from_;
        if (prompt_) read_everything();
    }

    void stop() { broker_.detach(id_); }

    void readable() override {
        RC_ASSERT(waits_);
        waits_ = false;
        if (prompt_) read_everything();
    }

    bool read(std::size_t max) {
        const auto [piece, end] = broker_.read(id_, max);
        RC_ASSERT(!end);
        RC_ASSERT(piece.missed.from == at_);
        RC_ASSERT(piece.missed.to + piece.bytes.size() <= all_.size());
        RC_ASSERT(piece.bytes == std::string_view(all_).substr(piece.missed.to, piece.bytes.size()));
        if (prompt_ && at_ >= attached_at_) RC_ASSERT(piece.missed.empty());
        at_ = piece.next();
        if (!piece.empty()) return true;
        RC_ASSERT(at_ == all_.size());
        waits_ = true;
        return false;
    }

    void check() const {
        if (prompt_) RC_ASSERT(at_ == all_.size());
        if (at_ < all_.size()) RC_ASSERT(!waits_);
    }

    void writable() override {}
    void writing_taken(const std::string&) override {}
    void silenced(const std::string&) override {}
    void closed(const Error&) override {}

 private:
    void read_everything() {
        while (read(*rc::gen::inRange<std::size_t>(1, 10))) {
        }
    }

    Broker& broker_;
    const std::string& all_;
    bool prompt_;
    ViewerId id_;
    Offset from_ = 0;
    Offset attached_at_ = 0;
    Offset at_ = 0;
    bool waits_ = false;
};

RC_GTEST_PROP(BrokerProperty, EveryViewerSeesEachByteOnceAndInOrderOrAsMissed, ()) {
    const HistorySize size{.first = *rc::gen::inRange<std::size_t>(0, 30),
                           .last = *rc::gen::inRange<std::size_t>(8, 30),
                           .older = *rc::gen::inRange<std::size_t>(0, 60)};
    Broker broker("web/serial0", Ring(size), [] {});
    std::string all;
    std::deque<Checker> viewers;
    std::deque<Checker*> here;
    const auto any_viewer = [&] { return *rc::gen::inRange<std::size_t>(0, here.size()); };

    for (int steps = *rc::gen::inRange(0, 100); steps > 0; --steps) {
        switch (*rc::gen::inRange(0, 10)) {
            case 0: broker.mark(Mark::Kind::reboot, at_ms(0)); break;
            case 1:
                if (here.size() == 8) break;
                here.push_back(&viewers.emplace_back(broker, all, *rc::gen::arbitrary<bool>()));
                here.back()->start();
                break;
            case 2:
                if (here.empty()) break;
                std::swap(here[any_viewer()], here.back());
                here.back()->stop();
                here.pop_back();
                break;
            case 3:
            case 4:
            case 5:
                if (!here.empty()) here[any_viewer()]->read(*rc::gen::inRange<std::size_t>(1, 20));
                break;
            default: {
                const auto length = *rc::gen::inRange<std::size_t>(0, 9);
                const auto text = *rc::gen::container<std::string>(length, rc::gen::inRange<char>('a', 'z'));
                all += text;
                broker.output(text, at_ms(0));
            }
        }
        for (const auto* const viewer : here)
            viewer->check();
    }
}

RC_GTEST_PROP(BrokerProperty, InputArrivesInOrderAndTheWriterIsNeverForgotten, ()) {
    Broker broker("web/serial0", Ring(small), [] {});
    Recorder writer;
    const auto id = broker.attach(writer, {.name = "x", .access = Access::write});
    std::string typed;
    std::string arrived;
    char next = 0;
    bool stuck = false;
    for (int steps = *rc::gen::inRange(0, 100); steps > 0; --steps) {
        switch (*rc::gen::inRange(0, 4)) {
            case 0: broker.hold_input(*rc::gen::arbitrary<bool>()); break;
            case 1: {
                const auto n = *rc::gen::inRange<std::size_t>(0, broker.input().size() + 1);
                arrived += broker.input().substr(0, n);
                broker.input_written(n);
                break;
            }
            default: {
                std::string text(*rc::gen::inRange<std::size_t>(0, limits::console_input_bytes), '\0');
                for (auto& c : text)
                    c = next++;
                const auto taken = broker.write(*id, text);
                RC_ASSERT(taken.has_value());
                typed += text.substr(0, *taken);
                stuck = *taken < text.size();
            }
        }
        if (const auto told = writer.told(); !told.empty()) {
            RC_ASSERT(stuck);
            stuck = false;
        }
        RC_ASSERT(typed.size() - arrived.size() <= limits::console_input_bytes);
    }
    broker.hold_input(false);
    arrived += broker.input();
    broker.input_written(broker.input().size());
    RC_ASSERT(arrived == typed);
    if (stuck) RC_ASSERT(writer.told() == std::vector<std::string>{"writable"});
}

}  // namespace
}  // namespace virtlight::console
