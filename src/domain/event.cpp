// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/event.hpp"

#include <cstddef>
#include <span>

namespace virtlight::domain {
namespace {

constexpr std::string_view defined[] = {"added", "updated", "renamed", "from snapshot"};
constexpr std::string_view undefined[] = {"removed", "renamed"};
constexpr std::string_view started[] = {"booted", "migrated", "restored", "from snapshot", "wakeup"};
constexpr std::string_view suspended[] = {"paused",   "migrated",      "io error", "watchdog",
                                          "restored", "from snapshot", "api error"};
constexpr std::string_view resumed[] = {"unpaused", "migrated", "from snapshot"};
constexpr std::string_view stopped[] = {"shutdown", "destroyed", "crashed",      "migrated",
                                        "saved",    "failed",    "from snapshot"};
constexpr std::string_view shut_down[] = {"finished", "by the guest", "by the host"};
constexpr std::string_view pm_suspended[] = {"to memory", "to disk"};
constexpr std::string_view crashed[] = {"panicked"};

struct EventWords {
    std::string_view event;
    std::span<const std::string_view> details;
};

/// By the event's number.
constexpr EventWords event_words[] = {
    {"defined", defined},     {"undefined", undefined},      {"started", started},
    {"suspended", suspended}, {"resumed", resumed},          {"stopped", stopped},
    {"shut down", shut_down}, {"pmsuspended", pm_suspended}, {"crashed", crashed},
};

}  // namespace

LifecycleWords words(const Lifecycle& lifecycle) {
    const auto& [event, details] = event_words[static_cast<std::size_t>(lifecycle.event)];
    return {event, details[static_cast<std::size_t>(lifecycle.detail)]};
}

}  // namespace virtlight::domain
