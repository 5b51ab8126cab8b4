// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/save_helpers.hpp"

#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <unistd.h>

#include "base/file.hpp"
#include "base/limits.hpp"

namespace virtlight::xenlight {
namespace {

namespace fs = std::filesystem;

/// As the kernel cuts it.
constexpr std::string_view helpers_name = "libxl-save-help";

/// `stat`: its number, its name in brackets, its state and its parent, and more. Who has lost its parent has
/// got the first process of all.
bool is_helper_of_others(std::string_view stat) {
    const auto begin = stat.find('(');
    const auto end = stat.rfind(')');
    if (begin == stat.npos || end == stat.npos) return false;
    if (!stat.substr(begin + 1).starts_with(helpers_name)) return false;
    std::istringstream after{std::string(stat.substr(end + 1))};
    std::string state;
    pid_t parent = 0;
    after >> state >> parent;
    return parent > 1 && parent != ::getpid();
}

/// `words`, with a zero behind each: the program, what it is to do, two descriptors, the domid, and more.
bool saves(const std::string& words, hypervisor::DomId domid) {
    std::vector<std::string> each;
    std::istringstream in(words);
    for (std::string word; std::getline(in, word, '\0');)
        each.push_back(word);
    return each.size() > 4 && each[1] == "--save-domain" && each[4] == std::to_string(domid);
}

}  // namespace

bool is_saved_by_others(hypervisor::DomId domid, const fs::path& processes) {
    std::error_code error;
    for (fs::directory_iterator at(processes, error), end; !error && at != end; at.increment(error)) {
        const auto stat = read_file(at->path() / "stat", limits::process_bytes);
        if (!stat || !is_helper_of_others(*stat)) continue;
        const auto words = read_file(at->path() / "cmdline", limits::process_bytes);
        if (words && saves(*words, domid)) return true;
    }
    return false;
}

}  // namespace virtlight::xenlight
