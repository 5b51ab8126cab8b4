// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <concepts>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "domain/text.hpp"

/// What the kernel tells of the host in files of one line each. All of this blocks.
namespace virtlight::hypervisor {

/// The first line of a file, without blanks around it; empty: there is none.
inline std::string sysfs_text(const std::filesystem::path& file) {
    std::string line;
    std::getline(std::ifstream(file), line);
    return std::string(domain::trimmed(line));
}

/// The same as a number. Empty: the line is none of this base and type.
template <std::unsigned_integral T = unsigned>
std::optional<T> sysfs_number(const std::filesystem::path& file, int base = 10) {
    return domain::whole_number<T>(sysfs_text(file), base);
}

}  // namespace virtlight::hypervisor
