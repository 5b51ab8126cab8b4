// SPDX-License-Identifier: LGPL-2.1-or-later
#include "hypervisor/usb_devices.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <system_error>
#include <tuple>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/limits.hpp"
#include "hypervisor/sysfs.hpp"

namespace virtlight::hypervisor {
namespace {

using domain::UsbDevice;

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

std::optional<HostUsbDevice> read_usb_device(const std::filesystem::path& device) {
    constexpr int hex = 16;
    const auto bus = sysfs_number(device / "busnum");  // which an interface of a device has not
    const auto number = sysfs_number(device / "devnum");
    const auto vendor = sysfs_number(device / "idVendor", hex);
    const auto product = sysfs_number(device / "idProduct", hex);
    if (!bus || !number || !vendor || !product) return std::nullopt;
    return HostUsbDevice{.bus = *bus,
                         .device = *number,
                         .id = {*vendor, *product},
                         .vendor_name = sysfs_text(device / "manufacturer"),
                         .product_name = sysfs_text(device / "product")};
}

std::vector<HostUsbDevice> read_usb_devices(const std::filesystem::path& folder) {
    std::vector<HostUsbDevice> all;
    std::error_code error;
    for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
         entry.increment(error)) {
        auto device = read_usb_device(entry->path());
        if (device && all.size() < limits::node_devices) all.push_back(*std::move(device));
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
