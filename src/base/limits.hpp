// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/clock.hpp"

/// Every bound of the daemon, by room: queues, buffers, histories, waits. A limit that is hit is named in the
/// error.
namespace virtlight::limits {

// async
/// A step of the core thread that takes longer is reported as a stall; tests fail on it.
inline constexpr auto core_step = milliseconds(50);
/// Descriptors that one wait of a loop can report.
inline constexpr int events_per_wait = 64;

// domain
/// Bytes of a domain's XML.
inline constexpr std::size_t xml_bytes = 4 * 1024 * 1024;
/// Nesting of its elements.
inline constexpr int xml_depth = 64;
/// A domain's name: with ".xml" behind it, still the name of a file.
inline constexpr std::size_t name_bytes = 240;
/// vCPUs of a guest.
inline constexpr unsigned vcpus = 512;

// hypervisor

// xenlight

// simulated

// manager
/// Domains, defined and running together; also what one answer on the wire may list.
inline constexpr std::size_t domains = 16384;

// console

// libvirt

// daemon

}  // namespace virtlight::limits
