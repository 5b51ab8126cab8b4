// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "libvirt/xdr.hpp"

/// What the procedures of our own program are called with and what they answer; docs/protocol.md tells it to
/// others.
namespace virtlight::libvirt {

namespace own {
inline constexpr std::uint32_t list_consoles = 1;
inline constexpr std::uint32_t watch_console = 2;
inline constexpr std::uint32_t read_history = 3;
inline constexpr std::uint32_t release_consoles = 4;
inline constexpr std::uint32_t take_consoles = 5;
inline constexpr std::uint32_t daemon_version = 6;
}  // namespace own

struct BootInfo {
    std::uint64_t number = 0;
    std::int64_t began_ms = 0;  ///< since 1970
    std::uint64_t from = 0;     ///< offset of its first byte
    std::uint64_t to = 0;

    auto fields(this auto& self) { return std::tie(self.number, self.began_ms, self.from, self.to); }
    bool operator==(const BootInfo&) const = default;
};

struct ConsoleViewer {
    std::string name;
    bool writes = false;
    std::uint64_t behind = 0;  ///< bytes that it has not read yet
    std::uint64_t missed = 0;  ///< bytes that were gone before it read them

    auto fields(this auto& self) { return std::tie(self.name, self.writes, self.behind, self.missed); }
    bool operator==(const ConsoleViewer&) const = default;
};

struct MarkInfo {
    std::string kind;          ///< "boot", "reboot", "shutdown", "crash", "save", "restore" ...
    std::uint64_t at = 0;      ///< offset of the byte that came next
    std::int64_t time_ms = 0;  ///< since 1970

    auto fields(this auto& self) { return std::tie(self.kind, self.at, self.time_ms); }
    bool operator==(const MarkInfo&) const = default;
};

struct ConsoleInfo {
    Uuid uuid;
    std::string domain;
    std::int32_t domid = -1;  ///< -1: it does not run
    std::string name;
    bool attached = false;  ///< the daemon reads its tty
    bool released = false;  ///< and does not, so that another program can
    std::vector<BootInfo> boots;
    std::vector<ConsoleViewer> viewers;
    std::vector<MarkInfo> marks;

    auto fields(this auto& self) {
        return std::tie(self.uuid, self.domain, self.domid, self.name, self.attached, self.released,
                        self.boots, self.viewers, self.marks);
    }
    bool operator==(const ConsoleInfo&) const = default;
};

struct WatchConsoleArgs {
    /// From where "the last screens" are.
    static constexpr std::uint64_t recent = std::numeric_limits<std::uint64_t>::max();

    Uuid uuid;
    std::optional<std::string> name;
    std::uint32_t access = 0;     ///< 0 view, 1 write, 2 write if nobody does, 3 take the writing over
    std::uint64_t from = recent;  ///< offset
    std::int64_t since_ms = 0;    ///< nothing that came before
    bool marks = false;           ///< with a line for each boot, reboot, save ...

    auto fields(this auto& self) {
        return std::tie(self.uuid, self.name, self.access, self.from, self.since_ms, self.marks);
    }
    bool operator==(const WatchConsoleArgs&) const = default;
};

struct DomainConsolesArgs {
    Uuid uuid;

    auto fields(this auto& self) { return std::tie(self.uuid); }
    bool operator==(const DomainConsolesArgs&) const = default;
};

struct ReadHistoryArgs {
    Uuid uuid;
    std::optional<std::string> name;
    std::uint64_t from = 0;  ///< offsets
    std::uint64_t to = std::numeric_limits<std::uint64_t>::max();
    std::int64_t since_ms = 0;  ///< nothing that came before
    bool marks = false;         ///< with a line for each boot, reboot, save ...

    auto fields(this auto& self) {
        return std::tie(self.uuid, self.name, self.from, self.to, self.since_ms, self.marks);
    }
    bool operator==(const ReadHistoryArgs&) const = default;
};

}  // namespace virtlight::libvirt
