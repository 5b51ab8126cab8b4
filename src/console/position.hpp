// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>

#include "base/wall_time.hpp"

namespace virtlight::console {

/// How many bytes a console had written before this one. Never restarts, neither with a boot nor with the
/// daemon, so that a viewer's position keeps its meaning.
using Offset = std::uint64_t;

/// The bytes from `from` up to, and without, `to`.
struct Range {
    Offset from = 0;
    Offset to = 0;

    bool empty() const { return from == to; }
    std::uint64_t size() const { return to - from; }
    bool contains(Offset at) const { return from <= at && at < to; }
    bool operator==(const Range&) const = default;
};

}  // namespace virtlight::console
