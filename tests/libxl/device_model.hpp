// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <optional>

namespace virtlight::fake {

/// Where libxl, as Debian builds it, looks for the device model and the firmware of HVM guests. main() puts
/// this program and an empty file there.
constexpr const char* device_model_program = "/usr/libexec/xen-qemu-system-i386";
constexpr const char* firmware = "/usr/share/seabios/bios-256k.bin";

/// The device model of an HVM guest, if the arguments are those that libxl gives to one: the exit status. It
/// says that it runs, has a pty for each serial port, and answers what libxl asks over QMP, until xenstored
/// goes.
std::optional<int> serve_as_device_model(int count, char** arguments);

}  // namespace virtlight::fake
