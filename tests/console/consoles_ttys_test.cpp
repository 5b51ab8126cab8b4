// SPDX-License-Identifier: LGPL-2.1-or-later
#include <future>
#include <optional>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "async/scope.hpp"
#include "base/log.hpp"
#include "console/consoles_test.hpp"

// Which ttys consoles read, and who else reads them.

namespace virtlight::console {
namespace {

using async::Task;
using domain::Console;
using test::ConsolesTest;
using test::marks_of;
using test::text_of;
using test::Watching;
using testing::ElementsAre;
using testing::HasSubstr;

struct TtyBodies {
    static Task<> tty_moves(ConsolesTest& t) {
        co_await t.define_and_start();
        t.pty.say("before ");
        co_await t.until_history_has("before ");
        t.pty.hang_up();
        t.tell_tty(t.serial.path());
        t.serial.say("after");
        co_await t.until_history_has("before after");
    }

    static Task<> tty_hangs_up_at_once(ConsolesTest& t) {
        co_await t.define_and_start();
        const auto console = t.console();
        Watching viewer(console->broker());
        t.pty.hang_up();
        co_await t.until([&] { return !console->attached(); });
        const auto writer = console->broker().attach(viewer, {.access = Access::write}).value();
        EXPECT_TRUE(console->broker().write(writer, "words"));
        t.telling.about_to_watch = [&t] { t.serial.hang_up(); };
        t.tell_tty(t.serial.path());
        t.telling.about_to_watch = [] {};
        EXPECT_FALSE(console->attached());
        EXPECT_FALSE(console->broker().attach(viewer, {.safe = true})) << "nobody knows who reads it";
        const test::Pty third;
        t.tell_tty(third.path());
        EXPECT_EQ(third.heard(), "words");
        console->broker().detach(writer);
    }

    static Task<> tty_comes_late(ConsolesTest& t) {
        t.xen.tty_of = [](auto, const auto&) { return std::string(); };
        co_await t.define_and_start();
        Watching viewer(t.console()->broker());
        t.tell_tty("");
        t.pty.say("all of it");
        t.tell_tty(t.pty.path());
        co_await t.until_history_has("all of it");
        EXPECT_EQ(viewer.text, "all of it");
    }

    static Task<> found(ConsolesTest& t) {
        // What the daemon before has noted of its tty may be somebody else's by now.
        const auto domid = t.xen.make(t.web);
        const Console channel{.target = Console::Target::channel, .port = 1, .name = "agent"};
        t.web.consoles = {{.tty = t.serial.path()}, channel};
        t.web.consoles.back().tty = t.serial.path();
        t.store.lives[t.web.uuid] = {t.web, domid};
        co_await t.begin();
        const auto opened = t.consoles->open_channel(t.web.uuid, "agent", false);
        EXPECT_FALSE(opened) << "Xen has not told its tty yet";
        t.serial.say("not mine");
        t.tell_tty(t.pty.path());
        t.pty.say("mine");
        co_await t.until_history_has("mine");
        EXPECT_EQ(text_of(t.console()->history()), "mine");
        EXPECT_EQ(marks_of(t.console()->history()).front(), Mark::Kind::attached);
        co_await t.end();
    }

    static Task<> somebody_has_the_lock(ConsolesTest& t) {
        auto other = std::optional(ConsoleLock::take(t.folder.path() / "xenconsole.1"));
        co_await t.define_and_start();
        Watching viewer(t.console()->broker());
        const auto safe = t.console()->broker().attach(viewer, {.safe = true});
        EXPECT_FALSE(safe);
        t.pty.say("for the other one");
        co_await t.turn();
        EXPECT_EQ(t.pty.heard(), "");
        EXPECT_EQ(viewer.text, "");
        EXPECT_THAT(viewer.silence, HasSubstr("the console is not read: console lock"));
        other.reset();
        t.tell_tty(t.pty.path());  // as good as the next try
        co_await t.until_history_has("for the other one");
        EXPECT_EQ(viewer.silence, "");
    }

    static Task<> released(ConsolesTest& t) {
        co_await t.define_and_start();
        t.pty.say("one ");
        co_await t.until_history_has("one ");
        Watching viewer(t.console()->broker());
        const auto released = t.consoles->release(t.web.uuid);
        EXPECT_TRUE(released);
        EXPECT_FALSE(t.locked());
        const std::string why =
            "the console is released for another program; 'virtlight retake web' has it read again";
        EXPECT_EQ(viewer.silence, why);
        EXPECT_EQ(Watching(t.console()->broker()).silence, why) << "who comes later is told, too";
        EXPECT_TRUE(t.consoles->list().at(0).released);
        EXPECT_EQ(t.consoles->list().at(0).domid, 1u);
        const auto twice = t.consoles->release(t.web.uuid);
        EXPECT_EQ(twice.error().reason, Reason::invalid_state);
        t.tell_tty(t.pty.path());
        EXPECT_FALSE(t.console()->attached()) << "whatever Xen tells";

        auto other = std::optional(ConsoleLock::take(t.folder.path() / "xenconsole.1"));
        const auto refused = co_await t.consoles->take_back(t.web.uuid);
        EXPECT_EQ(refused.error().reason, Reason::operation_failed);
        EXPECT_EQ(viewer.silence, why);
        other.reset();
        const auto taken = co_await t.consoles->take_back(t.web.uuid);
        EXPECT_TRUE(taken);
        EXPECT_EQ(viewer.silence, "");
        EXPECT_TRUE(t.locked());
        EXPECT_FALSE(t.consoles->list().at(0).released);
        const auto again = co_await t.consoles->take_back(t.web.uuid);
        EXPECT_EQ(again.error().reason, Reason::invalid_state);
        t.pty.say("two");
        co_await t.until_history_has("one two");
        EXPECT_THAT(marks_of(t.console()->history()),
                    ElementsAre(Mark::Kind::boot, Mark::Kind::released, Mark::Kind::attached));
    }

    static Task<> keep_answer(Task<Result<>> asked, std::optional<Result<>>& answer) {
        answer = co_await std::move(asked);
    }

    static Task<> taken_back_from_another(ConsolesTest& t) {
        co_await t.define_and_start();
        const auto released = t.consoles->release(t.web.uuid);
        EXPECT_TRUE(released);
        const auto other = ConsoleLock::take(t.folder.path() / "xenconsole.1");
        EXPECT_TRUE(other);
        std::promise<void> free;
        t.disk.submit([wait = free.get_future()] { wait.wait(); });
        std::optional<Result<>> answer;
        async::Scope scope;
        scope.spawn(keep_answer(t.consoles->take_back(t.web.uuid), answer));
        co_await t.turn();
        EXPECT_FALSE(answer) << "the core has looked it up itself";
        free.set_value();
        co_await scope.drained();
        EXPECT_THAT(answer->error().message, HasSubstr(fmt::format("({})", ::getpid())));
    }

    static Task<> the_hosts_own(ConsolesTest& t) {
        co_await t.define_and_start();
        const auto domain_0 = t.xen.truth.at(0).uuid;
        const auto taken = co_await t.consoles->take_back(domain_0);
        for (const auto& refused : {t.consoles->release(domain_0), taken})
            EXPECT_EQ(
                refused.error().message,
                "domain 'Domain-0' has no console: it is the host itself, which has terminals of its own");
    }

    static Task<> released_and_rebooted(ConsolesTest& t) {
        co_await t.define_and_start();
        const auto released = t.consoles->release(t.web.uuid);
        EXPECT_TRUE(released);
        Watching viewer(t.console()->broker());
        EXPECT_NE(viewer.silence, "");
        t.xen.stop(1, hypervisor::StopReason::reboot);
        co_await t.until([&t] { return t.xen.count("unpause") == 2; });
        t.pty.say("from the first byte");
        co_await t.until_history_has("from the first byte");
        EXPECT_EQ(viewer.silence, "");
        EXPECT_TRUE(t.locked());
    }

    static Task<> one_cannot_be_opened(ConsolesTest& t) {
        t.web.type = domain::GuestType::hvm;
        t.web.consoles = {{}, {.target = Console::Target::serial}};
        t.xen.tty_of = [&t](auto, const Console& console) {
            return console.target == Console::Target::serial ? std::string("/nowhere") : t.pty.path();
        };
        co_await t.define_and_start();
        Watching of_port(t.console("serial0")->broker());
        Watching of_xens(t.console("console0")->broker());
        EXPECT_THAT(of_port.silence, HasSubstr("the console is not read: cannot open console '/nowhere'"));
        EXPECT_EQ(of_xens.silence, "");
        Console port{.target = Console::Target::serial};
        port.tty = t.serial.path();
        const auto told = t.xen.ttys_told.begin()->second;
        told({port});
        EXPECT_EQ(of_port.silence, "");
    }

    static Result<ConsoleLock> lock_of_the_next(const ConsolesTest& t) {
        return ConsoleLock::take(t.folder.path() / fmt::format("xenconsole.{}", t.xen.next_domid));
    }

    static Task<> warned_of_each_life(ConsolesTest& t) {
        log::set_level(log::Level::warning);
        testing::internal::CaptureStderr();
        const auto first = lock_of_the_next(t);
        co_await t.define_and_start();
        EXPECT_TRUE(co_await t.manager->destroy(t.web.uuid));
        const auto second = lock_of_the_next(t);
        const manager::StartOptions options;
        EXPECT_TRUE(co_await t.manager->start(t.web.uuid, options));
        co_await t.until_disk_rests();
        const std::string warnings = testing::internal::GetCapturedStderr();
        log::set_level(log::Level::error);
        const std::string warning = "the consoles of domain 'web' cannot be read";
        const auto at = warnings.find(warning);
        EXPECT_TRUE(at != warnings.npos && warnings.find(warning, at + 1) != warnings.npos) << warnings;
    }

    static Task<> told_after_the_end(ConsolesTest& t) {
        co_await t.begin();
        co_await t.define_and_start();
        const auto told = t.xen.ttys_told.begin()->second;
        co_await t.manager->shut_down();
        co_await t.consoles->shut_down();
        told({{.tty = t.pty.path()}});
        EXPECT_FALSE(t.locked());
        t.consoles.reset();
        t.manager.reset();
    }
};

TEST_F(ConsolesTest, ATtyThatMovesIsFollowed) {
    run_daemon(TtyBodies::tty_moves);
}

TEST_F(ConsolesTest, ATtyThatHangsUpAsItIsOpenedIsNotServed) {
    run_daemon(TtyBodies::tty_hangs_up_at_once);
}

TEST_F(ConsolesTest, NothingIsLostOfATtyThatComesLate) {
    run_daemon(TtyBodies::tty_comes_late);
}

TEST_F(ConsolesTest, AGuestThatRunsAlreadyIsReadWhereXenSaysItIsNow) {
    run(TtyBodies::found(*this));
}

TEST_F(ConsolesTest, AConsoleThatAnotherProgramReadsIsLeftToIt) {
    run_daemon(TtyBodies::somebody_has_the_lock);
}

TEST_F(ConsolesTest, ReleasedConsolesAreReadAgainWhenTheyAreTakenBack) {
    run_daemon(TtyBodies::released);
}

TEST_F(ConsolesTest, WhoHasAConsoleThatIsWantedBackIsLookedUpBesideTheCore) {
    run_daemon(TtyBodies::taken_back_from_another);
}

TEST_F(ConsolesTest, WhatIsNotReleasedForDomain0IsSaidToBeTheHosts) {
    run_daemon(TtyBodies::the_hosts_own);
}

TEST_F(ConsolesTest, WhoWatchesAConsoleWhoseTtyCannotBeOpenedIsToldWhy) {
    run_daemon(TtyBodies::one_cannot_be_opened);
}

TEST_F(ConsolesTest, ThatAConsoleCannotBeReadIsSaidOfEachLife) {
    run_daemon(TtyBodies::warned_of_each_life);
}

TEST_F(ConsolesTest, WhatXenTellsAfterTheEndIsLeftToTheNextDaemon) {
    run(TtyBodies::told_after_the_end(*this));
}

TEST_F(ConsolesTest, AReleaseEndsWithTheLifeOfItsDomain) {
    run_daemon(TtyBodies::released_and_rebooted);
}

}  // namespace
}  // namespace virtlight::console
