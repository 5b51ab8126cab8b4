// SPDX-License-Identifier: LGPL-2.1-or-later
#include "hypervisor/contract.hpp"

#include <future>
#include <thread>

#include <fmt/format.h>

#include "async/blocking.hpp"
#include "async/event_loop.hpp"
#include "async/scope.hpp"
#include "async/timing.hpp"
#include "async/virtual_loop.hpp"
#include "hypervisor/contract_devices.hpp"
#include "hypervisor/contract_saving.hpp"
#include "hypervisor/contract_tuning.hpp"
#include "simulated/simulated.hpp"

namespace virtlight::hypervisor::contract {
namespace {

domain::Definition simulated_guest(unsigned number, domain::GuestType type, Habit habit) {
    domain::Definition definition{.name = fmt::format("contract-{}", number),
                                  .uuid = Uuid::random(),
                                  .type = type,
                                  .memory_max_kib = 64 * 1024,
                                  .memory_kib = 64 * 1024,
                                  .boot = {.kernel = "/proc/self/exe"},
                                  .consoles = {{}}};
    switch (habit) {
        case Habit::obeys: break;
        case Habit::frozen: definition.boot.cmdline = "sim:frozen"; break;
        case Habit::powers_off: definition.boot.cmdline = "sim:poweroff-after=0.05"; break;
        case Habit::reboots: definition.boot.cmdline = "sim:reboot-after=0.05"; break;
        case Habit::crashes: definition.boot.cmdline = "sim:crash-after=0.05"; break;
        case Habit::slow_to_build: definition.boot.cmdline = "sim:build-takes=0.2"; break;
    }
    return definition;
}

/// The test is the core, and time is virtual.
class VirtualHarness final : public Harness {
 public:
    Hypervisor& hypervisor() override { return simulated_; }
    void on_core(const std::function<void()>& step) override { step(); }
    bool wait(const std::function<bool()>& happened, Duration bound) override {
        // Without anything to do virtual time would stand still; a wait passes it all the same.
        const auto end = loop_.now() + bound;
        while (!happened() && loop_.step(end)) {
        }
        if (!happened()) loop_.run_for(end - loop_.now());
        return happened();
    }
    domain::Definition guest(domain::GuestType type, Habit habit) override {
        return simulated_guest(++guests_, type, habit);
    }
    Duration patience() const override { return seconds(10); }
    Duration a_while() const override { return seconds(30); }

 private:
    async::VirtualLoop loop_;
    async::BlockingInline blocking_{loop_};
    simulated::Machine machine_{loop_};
    simulated::Simulated simulated_{machine_, loop_, blocking_};
    unsigned guests_ = 0;
};

/// As in the daemon: an event loop on a thread of its own, real ptys, real files, real time.
class RealTimeHarness final : public Harness {
 public:
    RealTimeHarness() {
        on_core([this] {
            simulated::Settings quick;
            quick.times.build = milliseconds(10);
            quick.times.power_off = milliseconds(10);
            machine_ = std::make_unique<simulated::Machine>(loop_, quick, &loop_);
            simulated_ = std::make_unique<simulated::Simulated>(*machine_, loop_, blocking_);
        });
    }
    ~RealTimeHarness() override {
        on_core([this] {
            simulated_.reset();
            machine_.reset();
        });
        loop_.stop();
    }

    Hypervisor& hypervisor() override { return *simulated_; }
    void on_core(const std::function<void()>& step) override {
        const auto done = std::make_shared<std::promise<void>>();
        auto ended = done->get_future();
        loop_.post([&step, done] {
            step();
            done->set_value();
        });
        ended.wait();
    }
    bool wait(const std::function<bool()>& happened, Duration bound) override {
        const auto answer = std::make_shared<std::promise<bool>>();
        auto answered = answer->get_future();
        on_core([&] { scope_.spawn(ask_until(loop_, happened, loop_.now() + bound, answer)); });
        return answered.get();
    }
    domain::Definition guest(domain::GuestType type, Habit habit) override {
        return simulated_guest(++guests_, type, habit);
    }
    Duration patience() const override { return seconds(10); }
    Duration a_while() const override { return milliseconds(50); }

 private:
    static async::Task<> ask_until(async::EventLoop& loop, const std::function<bool()>& happened, Time end,
                                   std::shared_ptr<std::promise<bool>> answer) {
        bool yes = happened();
        for (; !yes && loop.now() < end; yes = happened())
            co_await async::sleep_for(loop, milliseconds(1));
        answer->set_value(yes);
    }

    async::EventLoop loop_{"core"};
    async::Scope scope_;
    async::BlockingThreads blocking_{1};
    std::unique_ptr<simulated::Machine> machine_;
    std::unique_ptr<simulated::Simulated> simulated_;
    unsigned guests_ = 0;
    std::jthread core_{[this] { loop_.run(); }};
};

auto subjects() {
    return testing::Values(Subject{"InVirtualTime", [] { return std::make_unique<VirtualHarness>(); }},
                           Subject{"InRealTime", [] { return std::make_unique<RealTimeHarness>(); }});
}
std::string name_of(const testing::TestParamInfo<Subject>& subject) {
    return subject.param.name;
}

INSTANTIATE_TEST_SUITE_P(Simulated, HypervisorContract, subjects(), name_of);
INSTANTIATE_TEST_SUITE_P(Simulated, SavingContract, subjects(), name_of);
INSTANTIATE_TEST_SUITE_P(Simulated, TuningContract, subjects(), name_of);
INSTANTIATE_TEST_SUITE_P(Simulated, DevicesContract, subjects(), name_of);

}  // namespace
}  // namespace virtlight::hypervisor::contract
