// SPDX-License-Identifier: LGPL-2.1-or-later
#include "console/consoles.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <future>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "async/timing.hpp"
#include "base/file.hpp"
#include "base/log.hpp"
#include "base/temporary_folder.hpp"
#include "console/loop_test.hpp"
#include "console/pty.hpp"
#include "console/telling_loop.hpp"
#include "manager/fake_hypervisor.hpp"
#include "manager/memory_store.hpp"

// A manager over a hypervisor that a test orders about, with the consoles of its domains on real ptys.

namespace virtlight::console {
namespace {

using async::Task;
using domain::Console;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class Watching final : public Viewer {
 public:
    explicit Watching(Broker& broker) : broker_(broker) {
        id_ = *broker.attach(*this, {.name = "watcher"});
        readable();
    }
    ~Watching() override { broker_.detach(id_); }
    Watching(const Watching&) = delete;
    Watching& operator=(const Watching&) = delete;

    void readable() override {
        for (;;) {
            const auto [piece, end] = broker_.read(id_, 4096);
            ended = end;
            text += piece.bytes;
            if (piece.empty()) return;
        }
    }
    void writable() override {}
    void writing_taken(const std::string&) override {}
    void closed(const Error&) override {}

    std::string text;
    bool ended = false;

 private:
    Broker& broker_;
    ViewerId id_;
};

std::string text_of(const Ring& ring) {
    std::string text;
    for (auto at = ring.begin(); at < ring.end();) {
        const auto piece = ring.read(at, 4096);
        text += piece.bytes;
        at = piece.next();
    }
    return text;
}

std::vector<Mark::Kind> marks_of(const Ring& ring) {
    std::vector<Mark::Kind> kinds;
    for (const auto& mark : ring.marks())
        kinds.push_back(mark.kind);
    return kinds;
}

class ConsolesTest : public test::LoopTest {
 protected:
    void SetUp() override {
        log::set_level(log::Level::error);
        xen.tty_of = [this](auto, const Console& console) {
            return console.target == Console::Target::serial ? serial.path() : pty.path();
        };
        web.name = "web";
        web.uuid = Uuid::random();
        web.memory_kib = web.memory_max_kib = 64 * 1024;
        web.consoles = {{}};
        web.on_reboot = domain::LifecycleAction::restart;
    }
    void TearDown() override { log::set_level(log::Level::info); }

    Task<> begin() {
        manager.emplace(loop, xen, store);
        consoles.emplace(telling, disk, xen, *manager,
                         Places{.histories = folder.path() / "histories",
                                .logs = folder.path() / "logs",
                                .locks = folder.path()},
                         settings);
        co_await consoles->start_up();
        const auto started = co_await manager->start_up();
        EXPECT_TRUE(started);
        consoles->take_up_histories();
    }
    Task<> end() {
        co_await manager->shut_down();
        co_await consoles->shut_down();
        consoles.reset();
        manager.reset();
    }
    Task<> define_and_start() {
        const auto defined = co_await manager->define(web);
        EXPECT_TRUE(defined);
        const manager::StartOptions options;
        const auto started = co_await manager->start(web.uuid, options);
        EXPECT_TRUE(started);
    }
    /// Runs the test between a start of the daemon and its end.
    void run_daemon(Task<> (*body)(ConsolesTest&)) { run(whole_life(body, *this)); }
    static Task<> whole_life(Task<> (*body)(ConsolesTest&), ConsolesTest& t) {
        co_await t.begin();
        co_await body(t);
        co_await t.end();
    }

    std::shared_ptr<console::Console> console(const std::optional<std::string>& name = {}) {
        return consoles->find(web.uuid, name).value();
    }
    Task<> until_history_has(std::string text) {
        const auto history = console();
        co_await until([history, text] { return text_of(history->history()).contains(text); });
    }
    /// Where xen says the console is from now on.
    void tell_tty(const std::string& tty) {
        const auto told = xen.ttys_told.begin()->second;
        told({{.tty = tty}});
    }
    std::filesystem::path histories() const { return folder.path() / "histories"; }
    std::filesystem::path history_file(const std::string& name) const {
        return histories() / (to_string(web.uuid) + "." + name);
    }
    /// Whatever was asked of the disk so far.
    Task<> until_disk_rests() {
        auto nothing = [] { return true; };
        co_await async::run_blocking(disk, loop, nothing);
    }
    Task<> until_it_is_shown() {
        co_await until([this] {
            const auto info = manager->find(web.uuid);
            return info && info->domid >= 0;
        });
    }
    bool locked() {
        return !ConsoleLock::take(folder.path() / fmt::format("xenconsole.{}", xen.next_domid - 1));
    }

 public:
    const virtlight::test::TemporaryFolder folder;
    test::Pty pty;
    test::Pty serial;
    manager::MemoryStore store{loop};
    manager::FakeHypervisor xen{loop};
    TellingLoop telling{loop};
    async::BlockingThreads disk{1};
    std::optional<manager::Manager> manager;
    std::optional<Consoles> consoles;
    domain::Definition web;
    Settings settings{};

    friend struct Bodies;
};

/// The bodies of the tests: coroutines cannot be lambdas that capture.
struct Bodies {
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
        EXPECT_TRUE(restored);
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
        EXPECT_TRUE(started);
        const auto destroyed = co_await t.manager->destroy(t.web.uuid);
        EXPECT_TRUE(destroyed);
        const manager::RestoreOptions back;
        const auto restored = co_await t.manager->restore(image, back);
        EXPECT_TRUE(restored);
        EXPECT_THAT(marks_of(t.console()->history()),
                    ElementsAre(Mark::Kind::boot, Mark::Kind::save, Mark::Kind::boot, Mark::Kind::shutdown,
                                Mark::Kind::boot, Mark::Kind::restore));
    }

    static Task<> somebody_has_the_lock(ConsolesTest& t) {
        auto other = ConsoleLock::take(t.folder.path() / "xenconsole.1");
        co_await t.define_and_start();
        Watching viewer(t.console()->broker());
        const auto safe = t.console()->broker().attach(viewer, {.safe = true});
        EXPECT_FALSE(safe);
        t.pty.say("for the other one");
        co_await t.turn();
        EXPECT_EQ(t.pty.heard(), "");
        EXPECT_EQ(viewer.text, "");
        other->release();
        t.tell_tty(t.pty.path());  // as good as the next try
        co_await t.until_history_has("for the other one");
    }

    static Task<> released(ConsolesTest& t) {
        co_await t.define_and_start();
        t.pty.say("one ");
        co_await t.until_history_has("one ");
        const auto released = t.consoles->release(t.web.uuid);
        EXPECT_TRUE(released);
        EXPECT_FALSE(t.locked());
        EXPECT_TRUE(t.consoles->list().at(0).released);
        EXPECT_EQ(t.consoles->list().at(0).domid, 1u);
        const auto twice = t.consoles->release(t.web.uuid);
        EXPECT_EQ(twice.error().reason, Reason::invalid_state);
        t.tell_tty(t.pty.path());
        EXPECT_FALSE(t.console()->attached()) << "whatever Xen tells";

        auto other = ConsoleLock::take(t.folder.path() / "xenconsole.1");
        const auto refused = t.consoles->take_back(t.web.uuid);
        EXPECT_EQ(refused.error().reason, Reason::operation_failed);
        other->release();
        const auto taken = t.consoles->take_back(t.web.uuid);
        EXPECT_TRUE(taken);
        EXPECT_TRUE(t.locked());
        EXPECT_FALSE(t.consoles->list().at(0).released);
        EXPECT_EQ(t.consoles->take_back(t.web.uuid).error().reason, Reason::invalid_state);
        t.pty.say("two");
        co_await t.until_history_has("one two");
        EXPECT_THAT(marks_of(t.console()->history()),
                    ElementsAre(Mark::Kind::boot, Mark::Kind::released, Mark::Kind::attached));
    }

    static Task<> released_and_rebooted(ConsolesTest& t) {
        co_await t.define_and_start();
        const auto released = t.consoles->release(t.web.uuid);
        EXPECT_TRUE(released);
        t.xen.stop(1, hypervisor::StopReason::reboot);
        co_await t.until([&t] { return t.xen.count("unpause") == 2; });
        t.pty.say("from the first byte");
        co_await t.until_history_has("from the first byte");
        EXPECT_TRUE(t.locked());
    }

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

TEST_F(ConsolesTest, ARenamedDomainsLogGoesOnUnderItsNewName) {
    run_daemon(Bodies::renamed);
}

TEST_F(ConsolesTest, AGuestIsReadFromBeforeItRunsUntilItIsGone) {
    run_daemon(Bodies::reads_before_it_runs);
}

TEST_F(ConsolesTest, WhatAGuestSaysLastIsReadAndThenItsViewersAreToldTheEnd) {
    run_daemon(Bodies::what_a_guest_says_last_is_read);
}

TEST_F(ConsolesTest, HaveChannelsForOneUserAtATime) {
    run_daemon(Bodies::channels);
}

TEST_F(ConsolesTest, AConsoleHasLibvirtsNameAndTheFirstSerialPortComesFirst) {
    run_daemon(Bodies::names);
}

TEST_F(ConsolesTest, ReleasedConsolesAreReadAgainWhenTheyAreTakenBack) {
    run_daemon(Bodies::released);
}

TEST_F(ConsolesTest, AReleaseEndsWithTheLifeOfItsDomain) {
    run_daemon(Bodies::released_and_rebooted);
}

TEST_F(ConsolesTest, ATtyThatMovesIsFollowed) {
    run_daemon(Bodies::tty_moves);
}

TEST_F(ConsolesTest, ATtyThatHangsUpAsItIsOpenedIsNotServed) {
    run_daemon(Bodies::tty_hangs_up_at_once);
}

TEST_F(ConsolesTest, NothingIsLostOfATtyThatComesLate) {
    run_daemon(Bodies::tty_comes_late);
}

TEST_F(ConsolesTest, AGuestThatRunsAlreadyIsReadWhereXenSaysItIsNow) {
    run(Bodies::found(*this));
}

TEST_F(ConsolesTest, AConsoleThatAGuestHasNoMoreDoesNotComeBackWithTheNextDaemon) {
    run(Bodies::redefined_with_another(*this));
}

TEST_F(ConsolesTest, AGuestThatIsRestoredGoesOnWithTheScreenThatItWasSavedWith) {
    run_daemon(Bodies::saved_and_restored);
}

TEST_F(ConsolesTest, AGuestThatIsRestoredAfterAnotherBootIsAnotherOneAgain) {
    run_daemon(Bodies::restored_after_another_boot);
}

TEST_F(ConsolesTest, ARebootIsOneMoreBootOfTheSameConsole) {
    run_daemon(Bodies::reboots);
}

TEST_F(ConsolesTest, AConsoleThatAnotherProgramReadsIsLeftToIt) {
    run_daemon(Bodies::somebody_has_the_lock);
}

TEST_F(ConsolesTest, AHistoryGoesOnAfterARestartOfTheDaemon) {
    run(Bodies::restarted(*this));
}

TEST_F(ConsolesTest, AHistoryThatTheDiskRefusesIsWrittenWhenItTakesAgain) {
    run(Bodies::disk_refuses(*this));
}

TEST_F(ConsolesTest, AHistoryThatTheDiskRefusedIsTriedOnceMoreAtTheEnd) {
    run(Bodies::disk_refuses_until_the_end(*this));
}

TEST_F(ConsolesTest, ADiskThatDoesNotAnswerIsNotWaitedForAtTheEnd) {
    run(Bodies::disk_hangs_at_the_end(*this));
}

TEST_F(ConsolesTest, AHistoryGoesWithItsDomain) {
    run(Bodies::forgotten(*this));
}

TEST_F(ConsolesTest, NothingIsLeftOfADomainThatIsForgottenBecauseItCannotBeLetRun) {
    run(Bodies::cannot_be_let_run(*this));
}

TEST_F(ConsolesTest, AHistoryGoesOnWithADomainThatTheNextDaemonStartsAnew) {
    run(Bodies::daemon_stops_between_lives(*this));
}

TEST_F(ConsolesTest, AHistoryWaitsForAGuestThatCannotBeDescribedYet) {
    run(Bodies::described_late(*this));
}

TEST_F(ConsolesTest, AHistoryWhoseDomainDoesNotComeBackGoesAfterAWhile) {
    run(Bodies::never_comes_back(*this));
}

TEST_F(ConsolesTest, AHistoryStaysWhileItIsNotKnownWhetherTheGuestHasItsConsole) {
    run(Bodies::barely_described(*this));
}

TEST_F(ConsolesTest, TheInputOfAPausedGuestWaits) {
    run_daemon(Bodies::paused);
}

}  // namespace
}  // namespace virtlight::console
