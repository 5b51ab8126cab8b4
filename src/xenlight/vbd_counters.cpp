// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/vbd_counters.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <optional>
#include <system_error>

namespace virtlight::xenlight {
namespace {

namespace fs = std::filesystem;
using hypervisor::DiskFigures;
using hypervisor::DomId;

constexpr std::uint64_t sector = 512;  // whatever the disk's own are

struct Vbd {
    DomId domid = 0;
    std::uint32_t number = 0;
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

DiskFigures read_figures(const fs::path& counters, const domain::DiskName& target) {
    return {.target = target,
            .read = {counter(counters / "rd_req"), counter(counters / "rd_sect") * sector},
            .written = {counter(counters / "wr_req"), counter(counters / "wr_sect") * sector},
            .flushes = counter(counters / "f_req")};
}

}  // namespace

std::map<DomId, std::vector<DiskFigures>> read_vbd_counters(const fs::path& backends) {
    std::map<DomId, std::vector<DiskFigures>> disks;
    std::error_code failed;
    for (auto folder = fs::directory_iterator(backends, failed);
         !failed && folder != fs::directory_iterator(); folder.increment(failed)) {
        const auto vbd = parse_folder(folder->path().filename().string());
        const auto counters = folder->path() / "statistics";
        std::error_code none;
        if (!vbd || !fs::is_directory(counters, none)) continue;
        if (const auto target = domain::disk_of_number(vbd->number))
            disks[vbd->domid].push_back(read_figures(counters, *target));
    }
    for (auto& [domid, figures] : disks)
        std::ranges::sort(figures, {}, &DiskFigures::target);
    return disks;
}

}  // namespace virtlight::xenlight
