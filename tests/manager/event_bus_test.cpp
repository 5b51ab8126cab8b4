// SPDX-License-Identifier: LGPL-2.1-or-later
#include "manager/event_bus.hpp"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace virtlight::manager {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

domain::Event event(std::string name) {
    return {std::move(name), {}, -1, domain::Rebooted{}};
}

class EventBusTest : public ::testing::Test {
 protected:
    EventBus::Listener noting(std::string who) {
        return [this, who](const domain::Event& told) { heard.push_back(who + ":" + told.name); };
    }

    EventBus bus;
    std::vector<std::string> heard;
};

TEST_F(EventBusTest, TellsEveryListenerInTheOrderOfSubscription) {
    bus.subscribe(noting("a"));
    bus.subscribe(noting("b"));
    bus.publish(event("1"));
    bus.publish(event("2"));
    EXPECT_THAT(heard, ElementsAre("a:1", "b:1", "a:2", "b:2"));
}

TEST_F(EventBusTest, TellsNothingAfterUnsubscribing) {
    const auto id = bus.subscribe(noting("a"));
    bus.unsubscribe(id);
    bus.publish(event("1"));
    EXPECT_THAT(heard, IsEmpty());
}

TEST_F(EventBusTest, LetsAListenerUnsubscribeItselfWhileItIsCalled) {
    EventBus::ListenerId self;
    self = bus.subscribe([&, held = std::string("a:")](const domain::Event& told) {
        bus.unsubscribe(self);
        heard.push_back(held + told.name);  // what it captured is still there
    });
    bus.subscribe(noting("b"));
    bus.publish(event("1"));
    bus.publish(event("2"));
    EXPECT_THAT(heard, ElementsAre("a:1", "b:1", "b:2"));
}

TEST_F(EventBusTest, DoesNotCallAListenerThatTheOneBeforeHasTakenBack) {
    EventBus::ListenerId second;
    bus.subscribe([&](const domain::Event&) { bus.unsubscribe(second); });
    second = bus.subscribe(noting("b"));
    bus.publish(event("1"));
    EXPECT_THAT(heard, IsEmpty());
}

TEST_F(EventBusTest, TellsANewListenerOnlyWhatHappensAfterItSubscribed) {
    bool once = true;
    bus.subscribe([&](const domain::Event&) {
        if (std::exchange(once, false)) bus.subscribe(noting("late"));
    });
    bus.publish(event("1"));
    EXPECT_THAT(heard, IsEmpty());
    bus.publish(event("2"));
    EXPECT_THAT(heard, ElementsAre("late:2"));
}

TEST_F(EventBusTest, KeepsTheOrderForEverybodyWhenAListenerCausesAnotherEvent) {
    bus.subscribe([&](const domain::Event& told) {
        heard.push_back("a:" + told.name);
        if (told.name == "1") bus.publish(event("2"));
    });
    bus.subscribe(noting("b"));
    bus.publish(event("1"));
    EXPECT_THAT(heard, ElementsAre("a:1", "b:1", "a:2", "b:2"));
}

TEST_F(EventBusTest, DoesNotTellAnEventToWhoSubscribedBetweenItsHappeningAndItsTelling) {
    bus.subscribe([&](const domain::Event& told) {
        if (told.name != "1") return;
        bus.publish(event("2"));
        bus.subscribe(noting("late"));
    });
    bus.publish(event("1"));
    EXPECT_THAT(heard, IsEmpty());
}

}  // namespace
}  // namespace virtlight::manager
