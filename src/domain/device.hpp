// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "base/result.hpp"
#include "domain/definition.hpp"

/// Devices that can be given to a guest, taken from it or changed while it is defined or runs. What follows
/// says what every kind has; device_kinds.hpp has one overload of each for a kind.
namespace virtlight::domain {

using Device = std::variant<Disk, Nic, PciDevice, UsbController, UsbDevice>;

/// Whether parse_device() takes elements of this name.
bool is_live_device(std::string_view element);

/// Reads the XML of one device. As parse_xml().
Result<Device> parse_device(std::string_view xml);

/// The device as a person knows it: "disk xvda".
std::string name_of(const Device& device);
/// As a running guest's XML and events have it: the user's, or its own.
std::string alias_of(const Device& device);
/// The user's. Empty: it has none.
std::string users_alias_of(const Device& device);

/// unsupported_config: such a guest cannot have it; invalid_argument: its place or its alias is taken.
Result<> add_device(Definition& definition, Device device);

/// All of a definition's; what hangs on another one is behind it.
std::vector<Device> all_devices(const Definition& definition);

/// The device of the definition that is in the same place. no_device.
Result<Device> find_device(const Definition& definition, const Device& like);
/// By its alias. no_device.
Result<Device> find_device(const Definition& definition, std::string_view alias);

/// Takes away the device in this place. no_device; operation_failed: others hang on it.
Result<> remove_device(Definition& definition, const Device& like);

/// Puts `device` in the place of the one that is there. no_device; operation_failed: others hang on that;
/// else as add_device().
Result<> replace_device(Definition& definition, Device device);

/// The device as it comes to a guest that runs: what its definition leaves open is settled.
/// unsupported_operation: it cannot come while the guest runs, and says what can; else as add_device().
Result<Device> placed(const Definition& running, Device device);

/// Whether it is a CD drive that the guest has: what comes with it to a guest that runs is the medium in it,
/// as with libvirt.
bool is_medium(const Definition& running, const Device& device);

/// Whether a guest that runs can be freed of the device. unsupported_operation: says what it must be for
/// that.
Result<> check_live_unplug(const Definition& running, const Device& device);

/// Whether a guest that runs can go on with `wanted` in the place of the device that it has there. no_device;
/// unsupported_operation: says what cannot be changed while it runs.
Result<> check_live_change(const Definition& running, const Device& wanted);

}  // namespace virtlight::domain
