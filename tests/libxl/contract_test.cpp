// SPDX-License-Identifier: LGPL-2.1-or-later
// What holds for every hypervisor holds for the real one on the true libxl.

#include "hypervisor/contract.hpp"

#include "hypervisor/contract_tuning.hpp"
#include "libxl/host.hpp"

namespace virtlight::hypervisor::contract {
namespace {

class LibxlHarness final : public Harness {
 public:
    Hypervisor& hypervisor() override { return host_.hypervisor(); }
    void on_core(const std::function<void()>& step) override { step(); }
    bool wait(const std::function<bool()>& happened, Duration bound) override {
        return host_.until(happened, bound);
    }

    domain::Definition guest(domain::GuestType type, Habit habit) override {
        auto definition = host_.definition(type);
        if (const auto taught = habit_of(habit)) host_.guests().teach(definition.name, *taught);
        if (habit == Habit::slow_to_build) build_slowly();
        return definition;
    }

    Duration patience() const override { return seconds(10); }
    Duration a_while() const override { return milliseconds(50); }

 private:
    static std::optional<fake::Habit> habit_of(Habit habit) {
        switch (habit) {
            case Habit::obeys: return fake::Habit::obeys;
            case Habit::powers_off: return fake::Habit::powers_off;
            case Habit::reboots: return fake::Habit::reboots;
            case Habit::crashes: return fake::Habit::crashes;
            case Habit::frozen:
            case Habit::slow_to_build: return std::nullopt;
        }
        return std::nullopt;
    }

    void build_slowly() {
        host_.xen().calls().on("xc_dom_boot_mem_init", [] {
            std::this_thread::sleep_for(milliseconds(200));
            return 0;
        });
    }

    fake::Host host_;
};

const auto on_the_true_libxl =
    testing::Values(Subject{"OnTheTrueLibxl", [] { return std::make_unique<LibxlHarness>(); }});

std::string name_of(const testing::TestParamInfo<Subject>& subject) {
    return subject.param.name;
}

INSTANTIATE_TEST_SUITE_P(Libxl, HypervisorContract, on_the_true_libxl, name_of);
INSTANTIATE_TEST_SUITE_P(Libxl, TuningContract, on_the_true_libxl, name_of);

}  // namespace
}  // namespace virtlight::hypervisor::contract
