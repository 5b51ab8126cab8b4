// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libxl/save_helper.hpp"

#include <filesystem>
#include <fstream>

namespace virtlight::fake {
namespace {

namespace fs = std::filesystem;

/// Named by LIBXL_SAVE_HELPER; main() sets it.
const fs::path words = "/run/save-helper.words";

constexpr std::string_view prologue = R"(#!/bin/sh
words=/run/save-helper.words
say() { : > $words/told-$1; }
await() { while [ ! -e $words/go-$1 ]; do sleep 0.01; done; }
echo $$ > $words/pid.new && mv $words/pid.new $words/pid
)";

}  // namespace

SaveHelper::SaveHelper(std::string_view script) {
    fs::remove_all(words);
    fs::create_directories(words);
    std::ofstream(save_helper_program) << prologue << script;
    fs::permissions(save_helper_program, fs::perms::owner_all);
}

SaveHelper::~SaveHelper() {
    // Whoever still waits goes on.
    for (const auto* const word : {"exit", "late", "on"})
        go(word);
    fs::remove(save_helper_program);
}

bool SaveHelper::told(const std::string& word) const {
    return fs::exists(words / ("told-" + word));
}

void SaveHelper::go(const std::string& word) {
    std::ofstream(words / ("go-" + word));
}

int SaveHelper::pid() {
    int pid = 0;
    std::ifstream(words / "pid") >> pid;
    return pid;
}

bool SaveHelper::is_zombie() {
    std::ifstream file("/proc/" + std::to_string(pid()) + "/stat");
    std::string line;
    std::getline(file, line);
    return line.contains(") Z ");
}

}  // namespace virtlight::fake
