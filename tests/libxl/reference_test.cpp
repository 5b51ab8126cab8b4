// SPDX-License-Identifier: LGPL-2.1-or-later
// With libxl's hooks served by the daemon, and without any hooks: what a caller of libxl sees is the same.

#include <algorithm>
#include <string_view>

#include <gmock/gmock.h>

#include "libxl/bench.hpp"
#include "libxl/clock.hpp"
#include "libxl/controls/controls.hpp"
#include "libxl/save_helper.hpp"

namespace virtlight::fake {
namespace {

/// One of everything that libxl waits for: watches, timeouts, aborts, pipes and children.
std::vector<std::string> trace_on(const std::string& bridge) {
    Bench bench(named_bridge(bridge));
    const auto guest = bench.machine.add("guest");
    const auto other = bench.machine.add("other");

    auto& obeyed = bench.shut_down(guest);
    bench.machine.guests.acknowledge(guest);
    bench.wait_for_end(obeyed);

    auto& ignored = bench.shut_down(guest);
    auto& given_up = bench.shut_down(other);
    bench.abort(given_up);
    bench.wait_for_end(given_up);
    let_pass(seconds(61));
    bench.wait_for_end(ignored);

    const SaveHelper helper("exit 1");
    auto [reader, writer] = std::move(*make_pipe());
    auto& save = bench.start("save", [&, fd = writer.get()](libxl_ctx* ctx, const libxl_asyncop_how* how) {
        return libxl_domain_suspend(ctx, guest, fd, 0, how);
    });
    bench.wait_for_end(save);

    auto& destroy = bench.start("destroy", [&](libxl_ctx* ctx, const libxl_asyncop_how* how) {
        return libxl_domain_destroy(ctx, other, how);
    });
    bench.wait_for_end(destroy);
    EXPECT_EQ(bench.complaints(), std::vector<std::string>{}) << bridge;
    return bench.trace();
}

TEST(Reference, TheDaemonsHooksGiveTheTraceThatPollingGives) {
    const auto reference = trace_on("polls");
    EXPECT_THAT(reference, ::testing::ElementsAre("shut down 1 ends with 0", "shut down 2 ends with -22",
                                                  "shut down 1 ends with -9", "save ends with -3",
                                                  "destroy ends with 0"));
    EXPECT_EQ(trace_on("production"), reference);
    EXPECT_EQ(trace_on("plain"), reference);
}

std::vector<std::string> trace_of(std::string_view name, const std::string& bridge) {
    const auto scenario = std::ranges::find(scenarios(), name, &Scenario::name);
    if (scenario == scenarios().end()) return {};
    Bench bench(named_bridge(bridge));
    scenario->play(bench);
    return bench.trace();
}

class ScenarioByPolling : public ::testing::TestWithParam<const char*> {};

TEST_P(ScenarioByPolling, EndsAsByTheDaemonsHooks) {
    const auto reference = trace_of(GetParam(), "polls");
    EXPECT_FALSE(reference.empty()) << "there is no such scenario, or nothing ends in it";
    EXPECT_EQ(trace_of(GetParam(), "production"), reference);
}

// All that are not about hooks, nor about the wall clock, by which libxl goes when it polls.
INSTANTIATE_TEST_SUITE_P(Scenarios, ScenarioByPolling,
                         ::testing::Values("AGuestAcknowledges", "AGuestNeverAcknowledges",
                                           "AnAbortModifiesATimeoutTwice", "AnAbortComesAfterATimeout",
                                           "OperationsShareADescriptor", "ARegularFileIsSavedTo",
                                           "ADescriptorLivesOnInAChild", "TheLoopOf2012"),
                         [](const auto& scenario) { return std::string(scenario.param); });

}  // namespace
}  // namespace virtlight::fake
