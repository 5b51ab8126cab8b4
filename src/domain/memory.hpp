// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>

namespace virtlight::domain {

/// In KiB, as memory is counted.
inline constexpr std::uint64_t mib = 1024;

/// In MiB: 2^63 bytes.
inline constexpr std::uint64_t most_memory_mib = std::uint64_t{1} << 43;

/// Memory in KiB, rounded up to whole MiB: definitions count so, and what Xen gives a guest may have a page
/// more or less. At most 2^64 - 1024.
constexpr std::uint64_t whole_mib(std::uint64_t kib) {
    return (kib + mib - 1) / mib * mib;
}

}  // namespace virtlight::domain
