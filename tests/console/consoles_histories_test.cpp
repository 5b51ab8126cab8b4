// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <fstream>
#include <future>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "async/timing.hpp"
#include "base/file.hpp"
#include "base/log.hpp"
#include "console/consoles_test.hpp"

// What a daemon keeps of its consoles for the next one.

namespace virtlight::console {
namespace {

using async::Task;
using domain::Console;
using test::ConsolesTest;
using test::marks_of;
using test::text_of;
using testing::HasSubstr;

struct HistoryBodies {
    static Task<> restarted(ConsolesTest& t) {
        co_await t.begin();
        co_await t.define_and_start();
        t.pty.say("before");
        co_await t.until_history_has("before");
        co_await t.end();
        co_await t.begin();
        t.tell_tty(t.pty.path());
        t.pty.say(" and after");
        co_await t.until_history_has("before and after");
        co_await t.end();
    }

    static Task<> redefined_with_another(ConsolesTest& t) {
        t.web.consoles = {{.target = Console::Target::serial}};
        co_await t.begin();
        co_await t.define_and_start();
        t.serial.say("of the serial port");
        co_await t.until_history_has("of the serial port");
        const auto destroyed = co_await t.manager->destroy(t.web.uuid);
        EXPECT_TRUE(destroyed);
        t.web.consoles = {{}};
        co_await t.define_and_start();
        co_await t.end();
        co_await t.begin();
        const std::optional<std::string> gone = "serial0";
        EXPECT_FALSE(t.consoles->find(t.web.uuid, gone));
        EXPECT_TRUE(t.consoles->find(t.web.uuid, std::nullopt));
        co_await t.end();
    }

    /// A disk that refuses histories: where their folder was there is a file.
    static void break_disk(ConsolesTest& t) {
        rename(t.histories(), t.folder.path() / "aside");
        std::ofstream(t.histories()) << "no folder";
    }

    static void mend_disk(ConsolesTest& t) {
        remove(t.histories());
        rename(t.folder.path() / "aside", t.histories());
    }

    static Task<> disk_refuses(ConsolesTest& t) {
        t.settings.save_delay = t.settings.save_retry = milliseconds(10);
        const auto file = t.histories() / (to_string(t.web.uuid) + ".console0");
        co_await t.begin();
        co_await t.define_and_start();
        break_disk(t);
        t.pty.say("words");
        co_await t.until_history_has("words");
        log::set_level(log::Level::warning);
        testing::internal::CaptureStderr();
        co_await async::sleep_for(t.loop, milliseconds(100));
        const auto complaints = testing::internal::GetCapturedStderr();
        log::set_level(log::Level::error);
        EXPECT_THAT(complaints, HasSubstr("a console's history is not kept"));
        EXPECT_EQ(std::ranges::count(complaints, '\n'), 1) << complaints;
        mend_disk(t);
        co_await t.until([&] { return text_of(kept(file)).contains("words"); });
        co_await t.end();
    }

    static Task<> disk_refuses_until_the_end(ConsolesTest& t) {
        t.settings.save_delay = milliseconds(10);
        t.settings.save_retry = std::chrono::hours(1);
        const auto file = t.histories() / (to_string(t.web.uuid) + ".console0");
        co_await t.begin();
        co_await t.define_and_start();
        break_disk(t);
        t.pty.say("words");
        co_await t.until_history_has("words");
        co_await async::sleep_for(t.loop, milliseconds(100));
        mend_disk(t);
        co_await t.end();
        EXPECT_THAT(text_of(kept(file)), HasSubstr("words"));
    }

    static Task<> disk_hangs_at_the_end(ConsolesTest& t) {
        t.settings.farewell = milliseconds(50);
        co_await t.begin();
        co_await t.define_and_start();
        std::promise<void> answer;
        t.disk.submit([waiting = answer.get_future().share()] { waiting.wait(); });
        bool answered = false;
        t.loop.call_at(t.loop.now() + seconds(10), [&] {
            answered = true;
            answer.set_value();
        });
        t.pty.say("words");
        co_await t.until_history_has("words");
        testing::internal::CaptureStderr();
        co_await t.end();
        EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("what consoles have seen last"));
        EXPECT_FALSE(answered) << "it was not waited for";
        if (!answered) answer.set_value();
    }

    static Task<> disk_hangs_as_a_domain_goes(ConsolesTest& t) {
        t.settings.farewell = milliseconds(50);
        co_await t.begin();
        co_await t.define_and_start();
        std::promise<void> answer;
        t.disk.submit([waiting = answer.get_future().share()] { waiting.wait(); });
        t.pty.say("words");
        co_await t.until_history_has("words");
        const std::weak_ptr<console::Console> history = t.console();
        EXPECT_TRUE(co_await t.manager->undefine(t.web.uuid));
        EXPECT_TRUE(co_await t.manager->destroy(t.web.uuid));
        co_await t.until([&] { return history.expired(); });
        answer.set_value();
        co_await t.end();
    }

    static Ring kept(const std::filesystem::path& file) {
        const HistorySize size;
        const auto image = read_file(file, Ring::longest_image(size));
        auto ring = image ? Ring::from_image(*image, size) : Result<Ring>(std::unexpected(image.error()));
        return ring ? *std::move(ring) : Ring(size);
    }

    static Task<> forgotten(ConsolesTest& t) {
        const auto file = t.folder.path() / "histories" / (to_string(t.web.uuid) + ".console0");
        co_await t.begin();
        co_await t.define_and_start();
        t.pty.say("words");
        co_await t.until_history_has("words");
        const auto destroyed = co_await t.manager->destroy(t.web.uuid);
        EXPECT_TRUE(destroyed);
        co_await t.end();
        EXPECT_TRUE(exists(file));
        co_await t.begin();
        const auto undefined = co_await t.manager->undefine(t.web.uuid);
        EXPECT_TRUE(undefined);
        co_await t.end();
        co_await t.until_disk_rests();
        EXPECT_FALSE(exists(file));
    }

    /// Another tool's guest, that has said something which the daemon has kept.
    static Task<> made_by_another_tool(ConsolesTest& t) {
        t.xen.make(t.web);
        co_await t.begin();
        t.tell_tty(t.pty.path());
        t.pty.say("words");
        co_await t.until_history_has("words");
        co_await t.end();
        EXPECT_TRUE(exists(t.history_file("console0")));
    }

    static Task<> described_late(ConsolesTest& t) {
        co_await made_by_another_tool(t);
        // It cannot be described at first, and there is no second try before the test says so.
        t.xen.fail_next("describe", {Reason::operation_failed, "xenstore is busy"});
        t.xen.before_effect = [&t](const std::string& call) {
            if (call == "look") t.xen.hold("look");
        };
        co_await t.begin();
        t.xen.before_effect = [](const std::string&) {};
        EXPECT_EQ(t.manager->find(t.web.uuid).error().reason, Reason::no_domain);
        co_await t.until_disk_rests();
        EXPECT_TRUE(exists(t.history_file("console0")));
        t.xen.release("look");
        co_await t.until_it_is_shown();
        EXPECT_EQ(text_of(t.console()->history()), "words");
        EXPECT_EQ(marks_of(t.console()->history()).back(), Mark::Kind::attached);
        co_await t.end();
        co_await t.until_disk_rests();
        EXPECT_TRUE(exists(t.history_file("console0")));
    }

    static Task<> never_comes_back(ConsolesTest& t) {
        co_await made_by_another_tool(t);
        t.xen.truth.erase(t.xen.next_domid - 1);
        t.settings.unclaimed = milliseconds(10);
        co_await t.begin();
        EXPECT_TRUE(exists(t.history_file("console0"))) << "it was not waited for";
        co_await t.until([&t] { return !exists(t.history_file("console0")); });
        co_await t.end();
    }

    static Task<> barely_described(ConsolesTest& t) {
        t.web.consoles = {{.target = Console::Target::serial}};
        co_await t.begin();
        co_await t.define_and_start();
        t.serial.say("words");
        co_await t.until_history_has("words");
        const auto destroyed = co_await t.manager->destroy(t.web.uuid);
        EXPECT_TRUE(destroyed);
        auto seen = t.web;
        seen.consoles = {{}};
        t.xen.make(seen);
        t.xen.call_for_attention();
        co_await t.until_it_is_shown();
        co_await has_words_of_serial_port(t);
        co_await t.end();
        co_await t.begin();
        co_await t.until_it_is_shown();
        co_await has_words_of_serial_port(t);
        co_await t.end();
    }

    static Task<> has_words_of_serial_port(ConsolesTest& t) {
        const std::optional<std::string> serial0 = "serial0";
        const auto history = t.consoles->find_history(t.web.uuid, serial0);
        EXPECT_TRUE(history) << history.error().message;
        if (history) EXPECT_EQ(text_of((*history)->history()), "words");
        EXPECT_EQ(t.console(), t.console("console0")) << "it is the one that the guest is known to have";
        EXPECT_THAT(t.consoles->find(t.web.uuid, serial0).error().message, HasSubstr("(it has: console0)"));
        co_await t.until([&t] { return exists(t.history_file("serial0")); });
    }

    static Task<> cannot_be_let_run(ConsolesTest& t) {
        t.settings.save_delay = milliseconds(10);
        co_await t.begin();
        t.xen.fail_next("unpause", {Reason::operation_failed, "Xen is busy"});
        t.xen.before_effect = [&t](const std::string& call) {
            if (call == "unpause") EXPECT_EQ(t.consoles->list().size(), 1U);
        };
        const manager::StartOptions options;
        const auto created = co_await t.manager->create(t.web, options);
        EXPECT_FALSE(created);
        EXPECT_TRUE(t.consoles->list().empty());
        co_await async::sleep_for(t.loop, milliseconds(100));
        co_await t.until_disk_rests();
        EXPECT_FALSE(exists(t.history_file("console0")));
        co_await t.end();
    }

    static Task<> daemon_stops_between_lives(ConsolesTest& t) {
        co_await t.begin();
        const manager::StartOptions options;
        const auto created = co_await t.manager->create(t.web, options);
        EXPECT_TRUE(created);
        t.pty.say("words");
        co_await t.until_history_has("words");
        t.xen.hold("create");
        t.xen.stop(1, hypervisor::StopReason::reboot);
        co_await t.until([&t] { return t.xen.count("create") == 2; });
        co_await t.end();
        t.xen.release("create");
        co_await t.begin();
        co_await t.until([&t] { return t.xen.count("unpause") == 2; });
        EXPECT_EQ(text_of(t.console()->history()), "words");
        co_await t.end();
    }
};

TEST_F(ConsolesTest, AHistoryGoesOnAfterARestartOfTheDaemon) {
    run(HistoryBodies::restarted(*this));
}

TEST_F(ConsolesTest, AConsoleThatAGuestHasNoMoreDoesNotComeBackWithTheNextDaemon) {
    run(HistoryBodies::redefined_with_another(*this));
}

TEST_F(ConsolesTest, AHistoryThatTheDiskRefusesIsWrittenWhenItTakesAgain) {
    run(HistoryBodies::disk_refuses(*this));
}

TEST_F(ConsolesTest, AHistoryThatTheDiskRefusedIsTriedOnceMoreAtTheEnd) {
    run(HistoryBodies::disk_refuses_until_the_end(*this));
}

TEST_F(ConsolesTest, ADiskThatDoesNotAnswerIsNotWaitedForAtTheEnd) {
    run(HistoryBodies::disk_hangs_at_the_end(*this));
}

TEST_F(ConsolesTest, AHistoryOfADomainThatHasGoneIsNotInMemoryForADiskThatDoesNotAnswer) {
    run(HistoryBodies::disk_hangs_as_a_domain_goes(*this));
}

TEST_F(ConsolesTest, AHistoryGoesWithItsDomain) {
    run(HistoryBodies::forgotten(*this));
}

TEST_F(ConsolesTest, AHistoryWaitsForAGuestThatCannotBeDescribedYet) {
    run(HistoryBodies::described_late(*this));
}

TEST_F(ConsolesTest, AHistoryWhoseDomainDoesNotComeBackGoesAfterAWhile) {
    run(HistoryBodies::never_comes_back(*this));
}

TEST_F(ConsolesTest, AHistoryStaysWhileItIsNotKnownWhetherTheGuestHasItsConsole) {
    run(HistoryBodies::barely_described(*this));
}

TEST_F(ConsolesTest, NothingIsLeftOfADomainThatIsForgottenBecauseItCannotBeLetRun) {
    run(HistoryBodies::cannot_be_let_run(*this));
}

TEST_F(ConsolesTest, AHistoryGoesOnWithADomainThatTheNextDaemonStartsAnew) {
    run(HistoryBodies::daemon_stops_between_lives(*this));
}

}  // namespace
}  // namespace virtlight::console
