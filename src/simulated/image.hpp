// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <filesystem>

#include "base/clock.hpp"
#include "hypervisor/image.hpp"
#include "hypervisor/image_writer.hpp"

/// The stream behind the head of a simulated guest's image: a mark, how long the guest had run, how many
/// vCPUs its device model had, a byte for each KiB of its memory, and the mark again. Everything here blocks.
namespace virtlight::simulated {

/// What the guest was in the moment of its save.
struct Moment {
    Duration ran{};
    unsigned model_vcpus = 0;  ///< 0: it has no device model
};

Result<> write_stream(hypervisor::ImageWriter& image, Moment moment, std::uint64_t memory_kib);

/// invalid_argument: another hypervisor's stream, or not all of it is there.
Result<Moment> read_stream(const hypervisor::OpenImage& image);

}  // namespace virtlight::simulated
