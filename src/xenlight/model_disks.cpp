// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/model_disks.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include <boost/json.hpp>

#include "base/limits.hpp"

namespace virtlight::xenlight {
namespace {

namespace json = boost::json;
using domain::DiskBus;
using domain::DiskName;
using hypervisor::DiskFigures;

/// The number that follows `before`, and what follows the number.
std::optional<std::pair<unsigned, std::string_view>> number_after(std::string_view before,
                                                                  std::string_view text) {
    if (!text.starts_with(before)) return std::nullopt;
    text.remove_prefix(before.size());
    unsigned number = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    if (read.ec != std::errc{}) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(read.ptr - text.data()));
    return std::pair(number, text);
}

/// "xvda-qcow2": what QEMU itself calls a disk on Xen's bus.
std::optional<DiskName> target_of_node(std::string_view node) {
    const auto dash = node.find('-');
    if (dash == node.npos) return std::nullopt;
    const auto target = domain::parse_disk_name(node.substr(0, dash));
    return target && target->bus == DiskBus::xen ? std::optional(*target) : std::nullopt;
}

/// What libxl calls an emulated drive: "ide-5632", "ahcidisk-0", "scsi0-hd1"; or QEMU, if libxl does not:
/// "ide1-hd0".
std::optional<DiskName> target_of_drive(std::string_view drive) {
    constexpr unsigned most = 16;  // more than any of the buses has
    constexpr unsigned drives_of_a_cable = 2;
    const auto place = [](unsigned index, DiskBus bus) {
        return index < most ? std::optional(DiskName{.index = index, .bus = bus}) : std::nullopt;
    };
    if (const auto number = number_after("ide-", drive)) return domain::disk_of_number(number->first);
    if (const auto index = number_after("ahcidisk-", drive)) return place(index->first, DiskBus::ide);
    if (const auto index = number_after("scsi0-hd", drive)) return place(index->first, DiskBus::scsi);
    const auto cable = number_after("ide", drive);
    const auto unit = cable ? number_after("-hd", cable->second) : std::nullopt;
    if (!unit || cable->first >= most) return std::nullopt;
    return place(cable->first * drives_of_a_cable + unit->first, DiskBus::ide);
}

std::string_view text_in(const json::object& object, std::string_view name) {
    const auto* const text = object.if_contains(name);
    return text && text->is_string() ? std::string_view(text->get_string()) : std::string_view();
}

std::uint64_t count_in(const json::object& object, std::string_view name) {
    const auto* const count = object.if_contains(name);
    return count && count->is_int64() && count->get_int64() > 0
               ? static_cast<std::uint64_t>(count->get_int64())
               : 0;
}

std::optional<nanoseconds> time_in(const json::object& object, std::string_view name) {
    if (!object.contains(name)) return std::nullopt;
    return nanoseconds(count_in(object, name));
}

std::optional<ModelDisk> read_disk(const json::object& object) {
    ModelDisk disk{.node = std::string(text_in(object, "node-name"))};
    const auto on_xens_bus = target_of_node(disk.node);
    const auto target = on_xens_bus ? on_xens_bus : target_of_drive(text_in(object, "device"));
    const auto* const counts = object.if_contains("stats");
    if (!target || !counts || !counts->is_object()) return std::nullopt;
    disk.emulated = !on_xens_bus;
    const auto count = [&](std::string_view name) { return count_in(counts->get_object(), name); };
    const auto time = [&](std::string_view name) { return time_in(counts->get_object(), name); };
    disk.figures = {.target = *target,
                    .read = {count("rd_operations"), count("rd_bytes"), time("rd_total_time_ns")},
                    .written = {count("wr_operations"), count("wr_bytes"), time("wr_total_time_ns")},
                    .flushes = count("flush_operations"),
                    .flush_time = time("flush_total_time_ns")};
    return disk;
}

}  // namespace

std::vector<ModelDisk> read_model_disks(const json::value& answer) {
    std::vector<ModelDisk> disks;
    if (!answer.is_array()) return disks;
    for (const auto& each : answer.get_array()) {
        // A device model that a guest has taken over says what it likes.
        if (disks.size() == limits::model_disks) break;
        auto disk = each.is_object() ? read_disk(each.get_object()) : std::nullopt;
        if (disk) disks.push_back(*std::move(disk));
    }
    return disks;
}

bool is_disk(const ModelDisk& disk, const DiskName& target) {
    const auto& place = disk.figures.target;
    const bool either = disk.emulated && place.bus == DiskBus::ide && target.bus == DiskBus::xen;
    return place == target || (either && place.index == target.index && target.partition == 0);
}

void add_model_disks(const std::vector<ModelDisk>& more, std::vector<DiskFigures>& disks) {
    const auto add_disk = [&](const ModelDisk& disk) {
        const auto same = std::ranges::find_if(
            disks, [&](const DiskFigures& figures) { return is_disk(disk, figures.target); });
        if (same == disks.end()) {
            disks.push_back(disk.figures);
            return;
        }
        same->add(disk.figures);
    };
    // Those on Xen's bus first: they tell the names of the others.
    for (const bool emulated : {false, true})
        for (const auto& disk : more)
            if (disk.emulated == emulated) add_disk(disk);
    std::ranges::sort(disks, {}, &DiskFigures::target);
}

}  // namespace virtlight::xenlight
