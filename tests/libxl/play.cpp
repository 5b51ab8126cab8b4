// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libxl/play.hpp"

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.hpp"
#include "base/file.hpp"
#include "libxl/bench.hpp"
#include "libxl/controls/controls.hpp"

namespace virtlight::fake {
namespace {

constexpr const char* command = "--play";
constexpr int complained = 3;
constexpr int patience_ms = 60'000;

/// What the child writes until it closes its output, or is silent for too long.
std::string read_all(int fd, bool& hangs) {
    std::string text;
    std::array<char, 4096> buffer;
    for (pollfd waiting{fd, POLLIN, 0}; ::poll(&waiting, 1, patience_ms) == 1;) {
        const auto n = ::read(fd, buffer.data(), buffer.size());
        if (n <= 0) return text;
        text.append(buffer.data(), static_cast<std::size_t>(n));
    }
    hangs = true;
    return text;
}

pid_t spawn(const std::string& bridge, const std::string& scenario, int output) {
    std::array<char*, 5> arguments{const_cast<char*>("libxl_tests"), const_cast<char*>(command),
                                   const_cast<char*>(bridge.c_str()), const_cast<char*>(scenario.c_str()),
                                   nullptr};
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
    pid_t child = -1;
    ::posix_spawn(&child, "/proc/self/exe", &actions, nullptr, arguments.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    return child;
}

const Scenario& named_scenario(std::string_view name) {
    for (const auto* const list : {&scenarios(), &faults()})
        for (const auto& each : *list)
            if (each.name == name) return each;
    std::fprintf(stderr, "there is no scenario %s\n", name.data());
    std::exit(EXIT_FAILURE);
}

}  // namespace

std::string play_in_child(const std::string& bridge, const std::string& scenario) {
    auto [reader, writer] = std::move(*make_pipe());
    const auto child = spawn(bridge, scenario, writer.get());
    writer.reset();
    bool hangs = false;
    auto text = read_all(reader.get(), hangs);
    if (hangs) ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    if (hangs) return text + "it hangs\n";
    if (WIFSIGNALED(status)) return text + fmt::format("it dies of signal {}\n", WTERMSIG(status));
    if (WEXITSTATUS(status) == 0) return {};
    return text.empty() ? fmt::format("it exits with {}\n", WEXITSTATUS(status)) : text;
}

std::optional<int> play_as_child(int count, char** arguments) {
    if (count != 4 || std::string_view(arguments[1]) != command) return std::nullopt;
    const auto& kind = named_bridge(arguments[2]);
    const auto& scenario = named_scenario(arguments[3]);
    Bench bench(kind);
    scenario.play(bench);
    const auto complaints = bench.complaints();
    for (const auto& complaint : complaints)
        std::printf("%s\n", complaint.c_str());
    std::fflush(stdout);
    // Without cleaning up: what a wrong bridge has broken may not be fit for it.
    ::_exit(complaints.empty() ? 0 : complained);
}

}  // namespace virtlight::fake
