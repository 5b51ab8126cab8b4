// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <deque>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "async/blocking.hpp"
#include "base/file.hpp"
#include "base/temporary_folder.hpp"
#include "console/broker.hpp"
#include "console/log_file.hpp"
#include "console/loop_test.hpp"
#include "console/pty.hpp"
#include "console/tty.hpp"

// The whole room on a real pty: a guest that talks as fast as it can, many viewers, a log.

namespace virtlight::console {
namespace {

using async::Task;

constexpr std::size_t output_bytes = 10 * 1024 * 1024;

/// What the guest says: lines, each of which tells where it stands.
std::string guest_output() {
    std::string all;
    while (all.size() < output_bytes)
        all += fmt::format("line at {} {}\n", all.size(), std::string(all.size() % 61, '.'));
    return all;
}

/// The wiring that a console needs.
class Wired : public TtyPeer {
 public:
    Wired(async::FdScheduler& loop, async::Blocking& blocking, std::filesystem::path log_path)
        : tty(loop, *this),
          broker("web/serial0", Ring(HistorySize{}), [this] { tty.input_ready(); }),
          log(loop, blocking, broker.ring(),
              {.path = std::move(log_path), .sequences = Sequences::kept, .rotation = {.bytes = 1 << 30}}) {}

    void output(std::string_view bytes) override {
        broker.output(bytes, wall_now());
        log.poke();
    }
    std::string_view input() override { return broker.input(); }
    void input_written(std::size_t bytes) override { broker.input_written(bytes); }
    void gone(const Error& why) override { ADD_FAILURE() << why.message; }

    Tty tty;
    Broker broker;
    LogFile log;
};

/// Compares what it reads with what the guest said, and forgets it.
class Watcher : public Viewer {
 public:
    enum class Manner { prompt, slow };

    Watcher(Broker& broker, const std::string& all, Manner manner, Access access = Access::view)
        : broker_(broker), all_(all), manner_(manner) {
        id_ = *broker_.attach(*this, {.name = "watcher", .access = access});
        if (manner == Manner::prompt) read_all();
    }

    void readable() override {
        if (manner_ == Manner::prompt) read_all();
    }
    void writable() override {}
    void writing_taken(const std::string&) override {}
    void silenced(const std::string&) override {}
    void closed(const Error&) override {}

    void read_all() {
        while (read(16 * 1024)) {
        }
    }

    bool read(std::size_t max) {
        const auto [piece, end] = broker_.read(id_, max);
        EXPECT_EQ(piece.missed.from, at_);
        EXPECT_TRUE(std::string_view(all_).substr(piece.missed.to).starts_with(piece.bytes));
        missed_ += piece.missed.size();
        seen_ += piece.bytes.size();
        at_ = piece.next();
        return !piece.empty();
    }

    void leave() { broker_.detach(id_); }
    void type(std::string_view bytes) { EXPECT_EQ(broker_.write(id_, bytes), bytes.size()); }

    std::size_t seen() const { return seen_; }
    std::size_t missed() const { return missed_; }

 private:
    Broker& broker_;
    const std::string& all_;
    Manner manner_;
    ViewerId id_;
    Offset at_ = 0;
    std::size_t seen_ = 0;
    std::size_t missed_ = 0;
};

/// The log's text without the times that it put before each line. Where it had to leave something out, it
/// ends with the last whole line before.
std::string without_times(std::string_view log) {
    constexpr std::size_t stamp = std::string_view("2026-01-01T00:00:00.000Z ").size();
    std::string text;
    while (log.size() > stamp) {
        const auto line = log.substr(stamp, log.find('\n') + 1 - stamp);
        if (line.starts_with("---")) return text.substr(0, text.rfind('\n', text.size() - 2) + 1);
        text += line;
        log.remove_prefix(stamp + line.size());
    }
    return text;
}

class Together : public test::LoopTest {
 protected:
    Task<> share_a_flood();
    Task<> type();

    const virtlight::test::TemporaryFolder folder;
    const std::filesystem::path log_path = folder.path() / "serial0.log";
    test::Pty pty;
    async::BlockingThreads disk{1};
    Wired console{loop, disk, log_path};
};

Task<> Together::share_a_flood() {
    const auto all = guest_output();
    using enum Watcher::Manner;
    std::deque<Watcher> viewers;
    for (int i = 0; i < 20; ++i)
        viewers.emplace_back(console.broker, all, prompt);
    Watcher slow_one(console.broker, all, slow);
    const Watcher dead_one(console.broker, all, slow);
    Watcher leaving(console.broker, all, prompt);

    EXPECT_TRUE(console.tty.open(pty.path()));
    const std::jthread guest([&] { pty.say(all); });
    co_await until([&] {
        slow_one.read(1);
        if (leaving.seen() > output_bytes / 3) leaving.leave();
        return console.broker.ring().end() >= all.size();
    });
    slow_one.read_all();
    EXPECT_TRUE(co_await console.log.close(seconds(10)));

    for (const auto& viewer : viewers) {
        EXPECT_EQ(viewer.seen(), all.size());
        EXPECT_EQ(viewer.missed(), 0u);
    }
    EXPECT_GT(slow_one.missed(), 0u);
    EXPECT_EQ(slow_one.seen() + slow_one.missed(), all.size());
    EXPECT_EQ(dead_one.seen(), 0u);
    EXPECT_LT(leaving.seen(), all.size());

    const auto log = read_file(log_path, 10 * output_bytes);
    EXPECT_TRUE(log) << "no log";
    const auto logged = without_times(*log);
    EXPECT_GT(logged.size(), 0u);
    EXPECT_TRUE(all.starts_with(logged));
    EXPECT_TRUE(logged.size() == all.size() || log->contains("bytes are missing here"));
}

TEST_F(Together, TwentyPromptViewersSeeEveryByteOfAFloodWhateverTheOthersDo) {
    run(share_a_flood());
}

Task<> Together::type() {
    const std::string silence;
    Watcher typist(console.broker, silence, Watcher::Manner::prompt, Access::write);
    EXPECT_TRUE(console.tty.open(pty.path()));
    console.broker.hold_input(true);
    typist.type("ls");
    EXPECT_EQ(pty.heard(), "");
    console.broker.hold_input(false);
    typist.type("\n");
    EXPECT_EQ(pty.heard(), "ls\n");
    EXPECT_TRUE(co_await console.log.close(seconds(10)));
}

TEST_F(Together, WhatAWriterTypesReachesTheGuestUnlessItIsPaused) {
    run(type());
}

}  // namespace
}  // namespace virtlight::console
