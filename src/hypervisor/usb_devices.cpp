// SPDX-License-Identifier: LGPL-2.1-or-later
#include "hypervisor/usb_devices.hpp"

#include <algorithm>
#include <fstream>
#include <ios>
#include <iterator>
#include <optional>
#include <string>
#include <system_error>
#include <tuple>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/limits.hpp"

namespace virtlight::hypervisor {
namespace {

using domain::UsbDevice;

/// What a file of sysfs says; nothing where it is not there.
std::optional<unsigned> sysfs_number(const std::filesystem::path& file,
                                     std::ios_base& (*base)(std::ios_base&)) {
    unsigned number = 0;
    if (std::ifstream(file) >> base >> number) return number;
    return std::nullopt;
}

std::string address_of(const HostUsbDevice& device) {
    return fmt::format("{}.{}", device.bus, device.device);
}

Result<> find(UsbDevice& wanted, const std::vector<HostUsbDevice>& host) {
    const bool anywhere = wanted.found || wanted.host_bus == 0;
    std::vector<HostUsbDevice> fitting;
    std::ranges::copy_if(host, std::back_inserter(fitting), [&](const HostUsbDevice& one) {
        return one.id == wanted.id &&
               (anywhere || (one.bus == wanted.host_bus && one.device == wanted.host_device));
    });
    const auto id = to_string(*wanted.id);
    if (fitting.empty() && !anywhere)
        return fail(Reason::no_node_device, "USB device {} of the host is not {}, or not there",
                    to_string(wanted), id);
    if (fitting.empty()) return fail(Reason::no_node_device, "the host has no USB device {}", id);
    if (fitting.size() > 1) {
        std::vector<std::string> addresses;
        std::ranges::transform(fitting, std::back_inserter(addresses), address_of);
        return fail(Reason::operation_failed,
                    "the host has {} USB devices {}, {}: say which one is meant by its <address>, too",
                    fitting.size(), id, fmt::join(addresses, " and "));
    }
    wanted.host_bus = fitting.front().bus;
    wanted.host_device = fitting.front().device;
    wanted.found = anywhere;
    return {};
}

}  // namespace

std::vector<HostUsbDevice> read_usb_devices(const std::filesystem::path& folder) {
    std::vector<HostUsbDevice> all;
    std::error_code error;
    for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
         entry.increment(error)) {
        const auto& path = entry->path();
        const auto bus = sysfs_number(path / "busnum", std::dec);  // which an interface of a device has not
        const auto device = sysfs_number(path / "devnum", std::dec);
        const auto vendor = sysfs_number(path / "idVendor", std::hex);
        const auto product = sysfs_number(path / "idProduct", std::hex);
        if (bus && device && vendor && product && all.size() < limits::node_devices)
            all.push_back({*bus, *device, {*vendor, *product}});
    }
    std::ranges::sort(all, {}, [](const HostUsbDevice& one) { return std::tuple(one.bus, one.device); });
    return all;
}

Result<domain::Usb> find_usb_devices(domain::Usb wanted, const std::vector<HostUsbDevice>& host) {
    for (auto& device : wanted.devices)
        if (device.id)
            if (auto there = find(device, host); !there) return std::unexpected(std::move(there.error()));
    for (auto one = wanted.devices.begin(); one != wanted.devices.end(); ++one)
        for (auto other = wanted.devices.begin(); other != one; ++other)
            if (same_device(*one, *other))
                return fail(Reason::invalid_argument,
                            "two of the guest's USB devices are that of the host at {}", to_string(*one));
    return wanted;
}

}  // namespace virtlight::hypervisor
