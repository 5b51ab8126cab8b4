// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace virtlight::domain {

/// What a job on a domain does, or did.
struct JobReport {
    enum class State { none, running, completed, failed, cancelled };
    /// The numbers are libvirt's.
    enum class Operation { other = 0, start = 1, save = 2, restore = 3, dump = 8 };
    State state = State::none;
    Operation operation = Operation::other;
    Duration elapsed{};
    std::uint64_t bytes = 0;
    std::uint64_t bytes_all = 0;  ///< 0: not counted
    std::string problem{};        ///< why it has failed or was cancelled
    // What libvirt has no words for.
    std::uint64_t id = 0;            ///< as the daemon's log and the timeline have it
    std::string_view verb{};         ///< "attach a device to"
    std::string_view phase{};        ///< "asking the guest"; of one that has come to nothing: the last
    std::string client{};            ///< who has asked for it; empty: the daemon itself
    std::optional<Duration> left{};  ///< while it runs: until it is given up, unless bytes move
    std::size_t waiting = 0;         ///< how many others wait for the domain

    bool operator==(const JobReport&) const = default;
};

}  // namespace virtlight::domain
