// SPDX-License-Identifier: LGPL-2.1-or-later
// simulation_tests: the tests, as any of GoogleTest; or
// simulation_tests --seeds N [--first N] [--steps N]   many seeds, and those that fail
// simulation_tests --seed N [--steps N]                one, with all that happens in it
#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/clock.hpp"
#include "simulation/random_run.hpp"

namespace virtlight::simulation {
namespace {

bool play(std::uint64_t seed, unsigned steps, bool tell) {
    const auto outcome = run_seed(seed, steps);
    if (tell)
        for (const auto& line : outcome.trace)
            fmt::print("{}\n", line);
    if (!outcome.broken.empty()) fmt::print("{}\n", outcome.broken);
    return outcome.broken.empty();
}

int play_many(std::uint64_t first, std::uint64_t seeds, unsigned steps) {
    constexpr unsigned enough = 20;
    const auto began = Clock::now();
    unsigned failed = 0;
    for (auto seed = first; seed < first + seeds && failed < enough; ++seed)
        if (!play(seed, steps, false)) ++failed;
    const std::chrono::duration<double> took = Clock::now() - began;
    fmt::print("{} seeds of {} steps, {} failed; {:.0f} seeds a second\n", seeds, steps, failed,
               static_cast<double>(seeds) / took.count());
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/// Where files cost no more than memory, if there is such a place.
void choose_folder() {
    if (std::filesystem::is_directory("/dev/shm")) ::setenv("TMPDIR", "/dev/shm", 0);
}

int main(int argc, char** argv) {
    choose_folder();
    std::map<std::string_view, std::uint64_t> options;
    for (int i = 1; i + 1 < argc; i += 2)
        options[argv[i]] = std::strtoull(argv[i + 1], nullptr, 10);
    const auto steps = options.contains("--steps") ? static_cast<unsigned>(options["--steps"]) : 200;
    if (options.contains("--seed")) return play(options["--seed"], steps, true) ? EXIT_SUCCESS : EXIT_FAILURE;
    if (options.contains("--seeds")) return play_many(options["--first"], options["--seeds"], steps);
    ::testing::InitGoogleTest(&argc, argv);
    return RUN_ALL_TESTS();
}

}  // namespace
}  // namespace virtlight::simulation

int main(int argc, char** argv) {
    return virtlight::simulation::main(argc, argv);
}
