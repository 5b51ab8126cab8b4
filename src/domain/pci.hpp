// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "domain/mac_address.hpp"

namespace virtlight::domain {

struct Definition;
enum class GuestType;

/// Where a PCI device of the host is.
struct PciAddress {
    unsigned domain = 0;    ///< up to 0xffff
    unsigned bus = 0;       ///< up to 0xff
    unsigned slot = 0;      ///< up to 31
    unsigned function = 0;  ///< up to 7

    auto operator<=>(const PciAddress&) const = default;
};

/// "0000:07:10.1", as the kernel and xl have it.
std::string to_string(const PciAddress& address);
/// Reads what to_string() writes, also without the domain, which is 0 then. Empty: it is no address.
std::optional<PciAddress> parse_pci_address(std::string_view text);

/// A PCI device of the host that is handed to a guest.
struct PciDevice {
    PciAddress address{};  ///< on the host; no other of the guest has it
    /// Taken from its driver in dom0 when a guest gets it; else it must be Xen's to give (assignable) before.
    bool managed = false;
    bool permissive = false;  ///< the guest may write to all of its configuration space
    unsigned guest_slot = 0;  ///< where an HVM guest finds it, 1 to 31; 0: the first that is free
    std::string alias{};      ///< that the user gave it; empty: it has its own
    /// Of a network card that is defined as the guest's network interface: the address that it is said to
    /// have. No other interface of the guest has it.
    std::optional<MacAddress> mac{};

    bool operator==(const PciDevice&) const = default;
};

/// Whether a guest of this type can have the device. unsupported_config: says what cannot be.
Result<> check_pci(const PciDevice& device, GuestType type);

/// The same beside the guest's others. invalid_argument: one of them is the same device, or has its slot or
/// its MAC address, or there are too many.
Result<> check_beside(const PciDevice& device, const std::vector<PciDevice>& others);

/// Adds one: network interfaces are in front of the others. As check_pci() and check_beside().
Result<> add_pci_device(Definition& definition, PciDevice device);

/// The name in a running guest's XML and in events: "pci-0000-07-10-1".
std::string alias_of(const PciDevice& device);

}  // namespace virtlight::domain
