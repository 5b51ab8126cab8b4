// SPDX-License-Identifier: LGPL-2.1-or-later
#include "hypervisor/host_devices.hpp"

#include <algorithm>
#include <array>
#include <concepts>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/limits.hpp"
#include "domain/text.hpp"
#include "hypervisor/sysfs.hpp"

namespace virtlight::hypervisor {
namespace {

namespace fs = std::filesystem;
using What = decltype(HostDevice::what);

/// 0: the kernel does not say.
template <std::unsigned_integral T = unsigned>
T number_in(const fs::path& file) {
    return sysfs_number<T>(file).value_or(0);
}

bool there(const fs::path& path) {
    std::error_code none;
    return fs::exists(path, none);
}

std::optional<What> read_usb(const fs::path& device) {
    return read_usb_device(device);
}

std::optional<What> read_interface(const fs::path& device) {
    constexpr unsigned ethernet = 1;  // ARPHRD_ETHER
    constexpr std::size_t mac_length = 17;
    if (!there(device / "ifindex")) return std::nullopt;  // the kernel keeps other files there
    HostInterface interface{.name = device.filename().string(),
                            .mac = sysfs_text(device / "address"),
                            .state = sysfs_text(device / "operstate"),
                            .speed_mbit = number_in(device / "speed"),
                            .ethernet = number_in(device / "type") == ethernet,
                            .wireless = there(device / "phy80211")};
    if (interface.mac.size() != mac_length) interface.mac.clear();
    return interface;
}

/// By the numbers that SCSI has for them.
std::string_view scsi_type(std::string_view number) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 8> types{{{"0", "disk"},
                                                                                  {"1", "tape"},
                                                                                  {"4", "worm"},
                                                                                  {"5", "cdrom"},
                                                                                  {"7", "optical"},
                                                                                  {"8", "changer"},
                                                                                  {"12", "raid"},
                                                                                  {"13", "enclosure"}}};
    const auto* const found = std::ranges::find(types, number, &decltype(types)::value_type::first);
    return found == types.end() ? std::string_view() : found->second;
}

/// "2:0:0:1"; hosts and targets are on the bus, too.
std::optional<What> read_scsi(const fs::path& device) {
    auto name = device.filename().string();
    std::ranges::replace(name, ':', ' ');
    const auto words = domain::words_in(name);
    std::array<unsigned, 4> numbers{};
    if (words.size() != numbers.size()) return std::nullopt;
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        const auto number = domain::whole_number<unsigned>(words[i]);
        if (!number) return std::nullopt;
        numbers[i] = *number;
    }
    return HostScsiDevice{.host = numbers[0],
                          .bus = numbers[1],
                          .target = numbers[2],
                          .lun = numbers[3],
                          .type = std::string(scsi_type(sysfs_text(device / "type")))};
}

/// Neither a part of one, nor one of the kernel's own that has nothing behind it yet.
std::optional<What> read_disk(const fs::path& device) {
    constexpr std::uint64_t sector_bytes = 512;
    auto name = device.filename().string();
    std::ranges::replace(name, '!', '/');
    HostDisk disk{.node = "/dev/" + name,
                  .vendor = sysfs_text(device / "device/vendor"),
                  .model = sysfs_text(device / "device/model"),
                  .serial = sysfs_text(device / "device/serial"),
                  .bytes = number_in<std::uint64_t>(device / "size") * sector_bytes,
                  .block_bytes = std::max(number_in(device / "queue/logical_block_size"), 1U),
                  .removable = number_in(device / "removable") != 0,
                  .optical = scsi_type(sysfs_text(device / "device/type")) == "cdrom"};
    if (there(device / "partition") || (disk.bytes == 0 && !disk.removable)) return std::nullopt;
    return disk;
}

void add(std::vector<HostDevice>& all, const fs::path& folder, std::optional<What> (*read)(const fs::path&)) {
    std::size_t found = 0;
    std::error_code error;
    for (fs::directory_iterator entry(folder, error), end;
         !error && entry != end && found < limits::node_devices; entry.increment(error)) {
        std::error_code none;
        const auto path = fs::canonical(entry->path(), none);
        if (none) continue;  // it has gone
        auto what = read(path);
        if (!what) continue;
        ++found;
        const auto driver = fs::read_symlink(path / "driver", none).filename().string();
        all.push_back({.path = path.string(), .driver = driver, .what = *std::move(what)});
    }
}

}  // namespace

std::vector<HostDevice> read_host_devices(const fs::path& sysfs) {
    std::vector<HostDevice> all;
    add(all, sysfs / "bus/usb/devices", read_usb);
    add(all, sysfs / "class/net", read_interface);
    add(all, sysfs / "bus/scsi/devices", read_scsi);
    add(all, sysfs / "class/block", read_disk);
    std::ranges::sort(all, {}, &HostDevice::path);
    return all;
}

}  // namespace virtlight::hypervisor
