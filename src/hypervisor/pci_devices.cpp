// SPDX-License-Identifier: LGPL-2.1-or-later
#include "hypervisor/pci_devices.hpp"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

#include "base/file.hpp"
#include "base/limits.hpp"

namespace virtlight::hypervisor {
namespace {

constexpr std::string_view xens_driver = "pciback";

/// What a file of sysfs says, as "0x8086"; 0: nothing.
unsigned hex_number_in(const std::filesystem::path& file) {
    unsigned number = 0;
    std::ifstream(file) >> std::hex >> number;
    return number;
}

}  // namespace

std::vector<HostPciDevice> read_pci_devices(const std::filesystem::path& folder) {
    std::vector<HostPciDevice> all;
    std::error_code error;
    for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
         entry.increment(error)) {
        const auto address = domain::parse_pci_address(entry->path().filename().string());
        if (!address || all.size() >= limits::node_devices) continue;
        std::error_code none;
        const auto driver = std::filesystem::read_symlink(entry->path() / "driver", none).filename().string();
        all.push_back({.address = *address,
                       .vendor = hex_number_in(entry->path() / "vendor"),
                       .product = hex_number_in(entry->path() / "device"),
                       .class_code = hex_number_in(entry->path() / "class"),
                       .driver = driver,
                       .assignable = driver == xens_driver,
                       .path = std::filesystem::canonical(entry->path(), none).string()});
    }
    std::ranges::sort(all, {}, &HostPciDevice::address);
    return all;
}

Result<> reset_pci_device(const domain::PciAddress& address, const std::filesystem::path& folder) {
    const auto name = to_string(address);
    const auto device = folder / name;
    std::error_code error;
    if (!std::filesystem::exists(device, error))
        return fail(Reason::no_node_device, "the host has no PCI device {}", name);
    const Fd file(::open((device / "reset").c_str(), O_WRONLY | O_CLOEXEC));
    if (!file && errno == ENOENT)
        return fail(Reason::unsupported_operation, "PCI device {} has no way to be reset", name);
    if (!file || ::write(file.get(), "1", 1) != 1)
        return fail_errno(errno, "cannot reset PCI device {}", name);
    return {};
}

}  // namespace virtlight::hypervisor
