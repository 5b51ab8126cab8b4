// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/log.hpp"
#include "base/temporary_folder.hpp"
#include "console/consoles.hpp"
#include "console/loop_test.hpp"
#include "console/pty.hpp"
#include "console/telling_loop.hpp"
#include "manager/fake_hypervisor.hpp"
#include "manager/memory_store.hpp"

namespace virtlight::console::test {

class Watching final : public Viewer {
 public:
    explicit Watching(Broker& broker) : broker_(broker) {
        id_ = *broker.attach(*this, {.name = "watcher"});
        silence = broker.silence();
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
    void silenced(const std::string& why) override { silence = why; }
    void closed(const Error&) override {}

    std::string text;
    std::string silence;
    bool ended = false;

 private:
    Broker& broker_;
    ViewerId id_;
};

inline std::string text_of(const Ring& ring) {
    std::string text;
    for (auto at = ring.begin(); at < ring.end();) {
        const auto piece = ring.read(at, 4096);
        text += piece.bytes;
        at = piece.next();
    }
    return text;
}

inline std::vector<Mark::Kind> marks_of(const Ring& ring) {
    std::vector<Mark::Kind> kinds;
    for (const auto& mark : ring.marks())
        kinds.push_back(mark.kind);
    return kinds;
}

/// A manager over a hypervisor that a test orders about, with the consoles of its domain on real ptys. The
/// bodies of its tests stand in structs of their own, as coroutines cannot be lambdas that capture.
class ConsolesTest : public LoopTest {
 protected:
    void SetUp() override {
        log::set_level(log::Level::error);
        xen.saved = [this](const std::filesystem::path& path) { store.note_file(path); };
        xen.tty_of = [this](auto, const domain::Console& console) {
            return console.target == domain::Console::Target::serial ? serial.path() : pty.path();
        };
        web.name = "web";
        web.uuid = Uuid::random();
        web.memory_kib = web.memory_max_kib = 64 * 1024;
        web.consoles = {{}};
        web.on_reboot = domain::LifecycleAction::restart;
    }
    void TearDown() override { log::set_level(log::Level::info); }

    /// Runs the test between a start of the daemon and its end.
    void run_daemon(async::Task<> (*body)(ConsolesTest&)) { run(whole_life(body, *this)); }

 public:
    async::Task<> begin() {
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
    async::Task<> end() {
        co_await manager->shut_down();
        co_await consoles->shut_down();
        consoles.reset();
        manager.reset();
    }
    async::Task<> define_and_start() {
        const auto defined = co_await manager->define(web);
        EXPECT_TRUE(defined);
        const manager::StartOptions options;
        const auto started = co_await manager->start(web.uuid, options);
        EXPECT_TRUE(started);
    }

    std::shared_ptr<console::Console> console(const std::optional<std::string>& name = {}) {
        return consoles->find(web.uuid, name).value();
    }
    async::Task<> until_history_has(std::string text) {
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
    async::Task<> until_disk_rests() {
        auto nothing = [] { return true; };
        co_await async::run_blocking(disk, loop, nothing);
    }
    async::Task<> until_it_is_shown() {
        co_await until([this] {
            const auto info = manager->find(web.uuid);
            return info && info->domid >= 0;
        });
    }
    bool locked() {
        return !ConsoleLock::take(folder.path() / fmt::format("xenconsole.{}", xen.next_domid - 1));
    }

    using LoopTest::loop;
    using LoopTest::turn;
    using LoopTest::until;

    const virtlight::test::TemporaryFolder folder;
    Pty pty;
    Pty serial;
    manager::MemoryStore store{loop};
    manager::FakeHypervisor xen{loop};
    TellingLoop telling{loop};
    async::BlockingThreads disk{1};
    std::optional<manager::Manager> manager;
    std::optional<Consoles> consoles;
    domain::Definition web;
    Settings settings{};

 private:
    static async::Task<> whole_life(async::Task<> (*body)(ConsolesTest&), ConsolesTest& t) {
        co_await t.begin();
        co_await body(t);
        co_await t.end();
    }
};

}  // namespace virtlight::console::test
