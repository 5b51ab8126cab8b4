// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/device_model_log.hpp"

#include <cstddef>
#include <fstream>
#include <system_error>

#include "domain/text.hpp"

namespace virtlight::xenlight {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_lines = 4;
constexpr std::streamoff most_bytes = 1024;

}  // namespace

std::vector<std::string> device_model_lines(const std::string& guest, fs::file_time_type began,
                                            const fs::path& logs) {
    const auto path = logs / ("qemu-dm-" + guest + ".log");
    std::error_code failed;
    const auto written = fs::last_write_time(path, failed);
    if (failed || written < began) return {};
    std::ifstream file(path);
    file.seekg(0, std::ios::end);
    const auto size = static_cast<std::streamoff>(file.tellg());
    file.seekg(size > most_bytes ? size - most_bytes : 0);
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);)
        if (!line.empty()) lines.push_back("device model: " + domain::shown(line, most_bytes));
    if (lines.size() > most_lines) lines.erase(lines.begin(), lines.end() - most_lines);
    return lines;
}

}  // namespace virtlight::xenlight
