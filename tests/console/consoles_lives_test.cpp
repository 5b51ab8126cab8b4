// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.hpp"
#include "console/consoles_test.hpp"

// What consoles have of the lives of their guests, from before they run until they are gone.

namespace virtlight::console {
namespace {

using async::Task;
using domain::Console;
using test::ConsolesTest;
using test::marks_of;
using test::text_of;
using test::Watching;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

struct LifeBodies {
    static Task<> reads_before_it_runs(ConsolesTest& t) {
        t.xen.before_effect = [&t](const std::string& call) {
            if (call == "unpause") {
                EXPECT_TRUE(t.locked()) << "nobody else reads it";
                t.pty.say("first words");
            }
        };
        co_await t.define_and_start();
        co_await t.until_history_has("first words");
        EXPECT_EQ(text_of(t.console()->history()), "first words");
        EXPECT_THAT(marks_of(t.console()->history()), ElementsAre(Mark::Kind::boot));
        const auto destroyed = co_await t.manager->destroy(t.web.uuid);
        EXPECT_TRUE(destroyed);
        EXPECT_FALSE(t.locked());
        EXPECT_EQ(t.consoles->find(t.web.uuid, {}).error().reason, Reason::invalid_state);
    }

    static Task<> what_a_guest_says_last_is_read(ConsolesTest& t) {
        co_await t.define_and_start();
        Watching viewer(t.console()->broker());
        t.xen.before_effect = [&t](const std::string& call) {
            if (call == "destroy") t.pty.say("last words");
        };
        const auto kept = t.console();
        const auto destroyed = co_await t.manager->destroy(t.web.uuid);
        EXPECT_TRUE(destroyed);
        EXPECT_EQ(viewer.text, "last words");
        EXPECT_TRUE(viewer.ended);
    }

    static Task<> names(ConsolesTest& t) {
        t.web.type = domain::GuestType::hvm;
        t.web.consoles = {{}, {.target = Console::Target::serial}};
        co_await t.define_and_start();
        EXPECT_EQ(t.console(), t.console("serial0"));
        EXPECT_NE(t.console(), t.console("console0"));
        t.serial.say("from the port");
        co_await t.until_history_has("from the port");
        const auto none = t.consoles->find(t.web.uuid, "serial1");
        EXPECT_EQ(none.error().reason, Reason::invalid_argument);
        EXPECT_THAT(none.error().message,
                    HasSubstr("'web' has no console 'serial1' (it has: console0, serial0)"));
        EXPECT_EQ(t.consoles->find(Uuid::random(), {}).error().reason, Reason::no_domain);
    }

    static Task<> other_ports(ConsolesTest& t) {
        t.web.type = domain::GuestType::hvm;
        t.web.consoles = {
            {.target = Console::Target::serial, .source = {.kind = domain::SerialSource::Kind::null}},
            {.target = Console::Target::serial, .port = 1}};
        co_await t.define_and_start();
        EXPECT_TRUE(t.consoles->find(t.web.uuid, "serial1"));
        for (const auto& name : {std::optional<std::string>(), std::optional<std::string>("serial0")}) {
            const auto none = t.consoles->find(t.web.uuid, name);
            EXPECT_EQ(none.error().reason, Reason::invalid_argument);
            EXPECT_THAT(none.error().message, HasSubstr("serial0 of domain 'web' is not using a PTY"));
        }
        EXPECT_EQ(t.consoles->list().size(), 1u);
    }

    static Task<> channels(ConsolesTest& t) {
        t.web.consoles.push_back({.target = Console::Target::channel, .port = 1, .name = "agent"});
        t.web.consoles.push_back(
            {.target = Console::Target::channel, .port = 2, .name = "other", .socket = "/run/other"});
        t.xen.tty_of = [&t](auto, const Console& console) {
            return console.name == "agent" ? t.serial.path() : t.pty.path();
        };
        co_await t.define_and_start();
        const auto open = [&t](const std::optional<std::string>& name, bool force) {
            return t.consoles->open_channel(t.web.uuid, name, force);
        };
        EXPECT_THAT(open("none", false).error().message, HasSubstr("domain 'web' has no channel 'none'"));
        EXPECT_THAT(open("other", false).error().message, HasSubstr("is a UNIX socket of dom0, /run/other"));
        t.serial.say("for whoever comes");
        auto first = open("agent", false);
        EXPECT_TRUE(first) << first.error().message;
        co_await t.until([&first] { return !(*first)->read(100).empty(); });
        EXPECT_THAT(open({}, false).error().message, HasSubstr("Active channel stream exists"));
        auto second = open({}, true);
        EXPECT_TRUE(second) << "it is taken from the one before";
        EXPECT_FALSE(*(*first)->end());
        second = std::unexpected(Error{Reason::cancelled, "let go"});
        EXPECT_TRUE(second = open("agent", false)) << "nobody has it any more";
        EXPECT_EQ(t.consoles->list().size(), 1U) << "it is none of the consoles";
        const auto destroyed = co_await t.manager->destroy(t.web.uuid);
        EXPECT_TRUE(destroyed && (*second)->end());
        EXPECT_EQ(open("agent", false).error().reason, Reason::invalid_state);
    }

    static Task<> reboots(ConsolesTest& t) {
        co_await t.define_and_start();
        const auto console = t.console();
        Watching viewer(console->broker());
        t.pty.say("one ");
        co_await t.until_history_has("one ");
        t.xen.stop(1, hypervisor::StopReason::reboot);
        co_await t.until([&t] { return t.xen.count("unpause") == 2; });
        t.pty.say("two");
        co_await t.until_history_has("two");
        EXPECT_EQ(t.console(), console) << "the same console goes on";
        EXPECT_EQ(viewer.text, "one two");
        EXPECT_FALSE(viewer.ended);
        EXPECT_THAT(marks_of(console->history()), ElementsAre(Mark::Kind::boot, Mark::Kind::reboot));
        EXPECT_EQ(console->history().boots().size(), 2u);
    }

    static Task<> saved_and_restored(ConsolesTest& t) {
        co_await t.define_and_start();
        const auto console = t.console();
        t.pty.say("the last line");
        co_await t.until_history_has("the last line");
        const manager::SaveOptions how;
        const auto saved = co_await t.manager->managed_save(t.web.uuid, how);
        EXPECT_TRUE(saved) << saved.error().message;
        const manager::StartOptions options;
        const auto restored = co_await t.manager->start(t.web.uuid, options);
        EXPECT_TRUE(restored) << restored.error().message;
        EXPECT_THAT(marks_of(console->history()),
                    ElementsAre(Mark::Kind::boot, Mark::Kind::save, Mark::Kind::restore));
        EXPECT_EQ(console->history().recent(1024), 0u) << "a viewer sees what was there before";
    }

    static Task<> restored_after_another_boot(ConsolesTest& t) {
        const auto image = t.folder.path() / "image";
        co_await t.define_and_start();
        const manager::SaveOptions how;
        const auto saved = co_await t.manager->save(t.web.uuid, image, how);
        EXPECT_TRUE(saved) << saved.error().message;
        const manager::StartOptions options;
        const auto started = co_await t.manager->start(t.web.uuid, options);
        EXPECT_TRUE(started) << started.error().message;
        const auto destroyed = co_await t.manager->destroy(t.web.uuid);
        EXPECT_TRUE(destroyed);
        const manager::RestoreOptions back;
        const auto restored = co_await t.manager->restore(image, back);
        EXPECT_TRUE(restored) << restored.error().message;
        EXPECT_THAT(marks_of(t.console()->history()),
                    ElementsAre(Mark::Kind::boot, Mark::Kind::save, Mark::Kind::boot, Mark::Kind::shutdown,
                                Mark::Kind::boot, Mark::Kind::restore));
    }

    static Task<> paused(ConsolesTest& t) {
        co_await t.define_and_start();
        Watching viewer(t.console()->broker());
        const auto writer = t.console()->broker().attach(viewer, {.access = Access::write}).value();
        const auto suspended = co_await t.manager->suspend(t.web.uuid);
        EXPECT_TRUE(suspended);
        EXPECT_TRUE(t.console()->broker().write(writer, "wait"));
        EXPECT_EQ(t.pty.heard(), "");
        const auto resumed = co_await t.manager->resume(t.web.uuid);
        EXPECT_TRUE(resumed);
        EXPECT_EQ(t.pty.heard(), "wait");
        t.console()->broker().detach(writer);
    }

    static Task<> renamed(ConsolesTest& t) {
        co_await t.define_and_start();
        const auto log_of = [&t](const std::string& name) {
            return t.folder.path() / "logs" / name / "console0.log";
        };
        t.pty.say("early\n");
        co_await t.until([&] { return exists(log_of("web")); });
        const auto renamed = co_await t.manager->rename(t.web.uuid, "shop");
        EXPECT_TRUE(renamed);
        t.pty.say("late\n");
        co_await t.until([&] { return exists(log_of("shop")); });
        EXPECT_THAT(read_file(log_of("shop"), 4096).value_or(""),
                    AllOf(HasSubstr("late"), Not(HasSubstr("early"))));
    }
};

TEST_F(ConsolesTest, AGuestIsReadFromBeforeItRunsUntilItIsGone) {
    run_daemon(LifeBodies::reads_before_it_runs);
}

TEST_F(ConsolesTest, WhatAGuestSaysLastIsReadAndThenItsViewersAreToldTheEnd) {
    run_daemon(LifeBodies::what_a_guest_says_last_is_read);
}

TEST_F(ConsolesTest, AConsoleHasLibvirtsNameAndTheFirstSerialPortComesFirst) {
    run_daemon(LifeBodies::names);
}

TEST_F(ConsolesTest, ASerialPortThatIsNoPtyIsNoConsole) {
    run_daemon(LifeBodies::other_ports);
}

TEST_F(ConsolesTest, HaveChannelsForOneUserAtATime) {
    run_daemon(LifeBodies::channels);
}

TEST_F(ConsolesTest, ARebootIsOneMoreBootOfTheSameConsole) {
    run_daemon(LifeBodies::reboots);
}

TEST_F(ConsolesTest, AGuestThatIsRestoredGoesOnWithTheScreenThatItWasSavedWith) {
    run_daemon(LifeBodies::saved_and_restored);
}

TEST_F(ConsolesTest, AGuestThatIsRestoredAfterAnotherBootIsAnotherOneAgain) {
    run_daemon(LifeBodies::restored_after_another_boot);
}

TEST_F(ConsolesTest, TheInputOfAPausedGuestWaits) {
    run_daemon(LifeBodies::paused);
}

TEST_F(ConsolesTest, ARenamedDomainsLogGoesOnUnderItsNewName) {
    run_daemon(LifeBodies::renamed);
}

}  // namespace
}  // namespace virtlight::console
