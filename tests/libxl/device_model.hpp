// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <optional>

#include <sys/types.h>

namespace virtlight::fake {

/// Where libxl, as Debian builds it, looks for the device model and the firmware of HVM guests. main() puts
/// this program and an empty file there.
constexpr const char* device_model_program = "/usr/libexec/xen-qemu-system-i386";
constexpr const char* firmware = "/usr/share/seabios/bios-256k.bin";

/// What device models do when they have been started.
enum class DeviceModelHabit {
    runs,
    silent,  ///< never says that it runs
    exits,   ///< at once
};

/// What those do that are started while this lives.
class DeviceModels {
 public:
    explicit DeviceModels(DeviceModelHabit habit);
    DeviceModels(const DeviceModels&) = delete;
    DeviceModels& operator=(const DeviceModels&) = delete;
    ~DeviceModels();

    /// The silent speak.
    static void speak();
    /// The one that was started last; 0: none.
    static pid_t pid();
};

/// The device model of an HVM guest, if the arguments are those that libxl gives to one: the exit status. It
/// says that it runs, has a pty for each serial port, and answers what libxl asks over QMP, until xenstored
/// goes.
std::optional<int> serve_as_device_model(int count, char** arguments);

}  // namespace virtlight::fake
