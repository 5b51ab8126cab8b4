// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <filesystem>

#include "base/clock.hpp"
#include "hypervisor/image.hpp"

/// The stream behind the head of a simulated guest's image: a mark, how long the guest had run, a byte for
/// each KiB of its memory, and the mark again. Everything here blocks.
namespace virtlight::simulated {

Result<> write_stream(hypervisor::ImageWriter& image, Duration ran, std::uint64_t memory_kib);

/// How long the guest had run. invalid_argument: another hypervisor's stream, or not all of it is there.
Result<Duration> read_stream(const hypervisor::OpenImage& image);

}  // namespace virtlight::simulated
