// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/vbd_counters.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <system_error>
#include <utility>

#include <fmt/format.h>

namespace virtlight::xenlight {
namespace {

namespace fs = std::filesystem;
using hypervisor::DiskFigures;
using hypervisor::DomId;

constexpr std::uint64_t sector = 512;  // whatever the disk's own are

/// "a" to "z", "aa", "ab" ...
std::string disk_letters(unsigned disk) {
    std::string letters;
    for (unsigned rest = disk + 1; rest > 0; rest = (rest - 1) / 26)
        letters.insert(letters.begin(), static_cast<char>('a' + (rest - 1) % 26));
    return letters;
}

std::string with_partition(std::string name, unsigned partition) {
    return partition == 0 ? std::move(name) : name + std::to_string(partition);
}

struct Vbd {
    DomId domid = 0;
    unsigned number = 0;
};

/// "vbd-3-51712"
std::optional<Vbd> parse_folder(std::string_view name) {
    constexpr std::string_view kind = "vbd-";
    if (!name.starts_with(kind)) return std::nullopt;
    const auto* const end = name.data() + name.size();
    Vbd vbd;
    const auto domid = std::from_chars(name.data() + kind.size(), end, vbd.domid);
    if (domid.ec != std::errc{} || domid.ptr == end || *domid.ptr != '-') return std::nullopt;
    const auto number = std::from_chars(domid.ptr + 1, end, vbd.number);
    if (number.ec != std::errc{} || number.ptr != end) return std::nullopt;
    return vbd;
}

std::uint64_t counter(const fs::path& file) {
    std::uint64_t count = 0;
    std::ifstream(file) >> count;
    return count;
}

DiskFigures read_figures(const fs::path& counters, std::string target) {
    return {.target = std::move(target),
            .read = {counter(counters / "rd_req"), counter(counters / "rd_sect") * sector},
            .written = {counter(counters / "wr_req"), counter(counters / "wr_sect") * sector},
            .flushes = counter(counters / "f_req")};
}

}  // namespace

std::optional<std::string> disk_name(unsigned number) {
    constexpr unsigned extended = 1U << 28;
    if ((number & extended) != 0) {
        const auto rest = number - extended;
        return with_partition("xvd" + disk_letters(rest >> 8), rest & 0xff);
    }
    const auto minor = number & 0xff;
    switch (number >> 8) {
        case 202: return with_partition("xvd" + disk_letters(minor >> 4), minor & 15);
        case 8: return with_partition("sd" + disk_letters(minor >> 4), minor & 15);
        case 3: return with_partition("hd" + disk_letters(minor >> 6), minor & 63);
        case 22: return with_partition("hd" + disk_letters(2 + (minor >> 6)), minor & 63);
        default: return std::nullopt;
    }
}

std::map<DomId, std::vector<DiskFigures>> read_vbd_counters(const fs::path& backends) {
    std::map<DomId, std::vector<DiskFigures>> disks;
    std::error_code failed;
    for (auto folder = fs::directory_iterator(backends, failed);
         !failed && folder != fs::directory_iterator(); folder.increment(failed)) {
        const auto vbd = parse_folder(folder->path().filename().string());
        const auto counters = folder->path() / "statistics";
        std::error_code none;
        if (!vbd || !fs::is_directory(counters, none)) continue;
        auto target = disk_name(vbd->number).value_or(std::to_string(vbd->number));
        disks[vbd->domid].push_back(read_figures(counters, std::move(target)));
    }
    for (auto& [domid, figures] : disks)
        std::ranges::sort(figures, {}, &DiskFigures::target);
    return disks;
}

}  // namespace virtlight::xenlight
