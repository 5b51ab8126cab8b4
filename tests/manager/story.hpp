// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "manager/manager.hpp"

namespace virtlight::manager {

/// "web STARTED/0", "web REBOOT".
inline std::string to_text(const domain::Event& event) {
    static constexpr const char* names[] = {"DEFINED", "UNDEFINED", "STARTED",     "SUSPENDED", "RESUMED",
                                            "STOPPED", "SHUTDOWN",  "PMSUSPENDED", "CRASHED"};
    static constexpr const char* states[] = {"none", "running", "completed", "failed", "cancelled"};
    if (const auto* lifecycle = std::get_if<domain::Lifecycle>(&event.kind))
        return fmt::format("{} {}/{}", event.name, names[lifecycle->event], lifecycle->detail);
    if (const auto* memory = std::get_if<domain::MemoryChanged>(&event.kind))
        return fmt::format("{} MEMORY {}", event.name, memory->memory_kib);
    if (const auto* fired = std::get_if<domain::WatchdogFired>(&event.kind))
        return fmt::format("{} WATCHDOG/{}", event.name, static_cast<int>(fired->action));
    if (std::holds_alternative<domain::ModelEnded>(event.kind)) return event.name + " MODEL ENDED";
    if (const auto* ended = std::get_if<domain::JobEnded>(&event.kind))
        return fmt::format("{} JOB/{}", event.name, states[static_cast<std::size_t>(ended->job.state)]);
    if (const auto* added = std::get_if<domain::DeviceAdded>(&event.kind))
        return fmt::format("{} ADDED {}", event.name, added->alias);
    if (const auto* removed = std::get_if<domain::DeviceRemoved>(&event.kind))
        return fmt::format("{} REMOVED {}", event.name, removed->alias);
    if (const auto* kept = std::get_if<domain::DeviceRemovalFailed>(&event.kind))
        return fmt::format("{} KEPT {}", event.name, kept->alias);
    if (const auto* medium = std::get_if<domain::MediumChanged>(&event.kind))
        return fmt::format("{} MEDIUM/{} {}", event.name, medium->there ? 1 : 0, medium->alias);
    if (const auto* changed = std::get_if<domain::MetadataChanged>(&event.kind))
        return fmt::format("{} METADATA/{} {}", event.name, static_cast<int>(changed->kind), changed->uri);
    return event.name + " REBOOT";
}

/// Which events may follow which, for one domain.
class Story {
 public:
    enum class Run { off, running, paused, asleep, halted, between_lives, starting };

    Story() = default;
    explicit Story(const DomainInfo& info) : defined_(info.persistent), run_(run_of(info)) {}

    /// Of one that is to start anew in a while.
    static Story between_lives(const DomainInfo& info) {
        Story story(info);
        story.run_ = Run::between_lives;
        return story;
    }

    /// Of one that was found in the middle of a start, of which nobody was told: that it goes on from there,
    /// or comes to nothing.
    static Story starting(const DomainInfo& info) {
        Story story(info);
        story.run_ = Run::starting;
        return story;
    }

    static Run run_of(const DomainInfo& info) {
        using enum domain::State;
        switch (info.status.state) {
            case paused: return Run::paused;
            case pm_suspended: return Run::asleep;
            case shutdown:
            case crashed: return Run::halted;
            default: return info.domid < 0 ? Run::off : Run::running;
        }
    }

    static std::string_view to_word(Run run) {
        static constexpr std::string_view words[] = {"off",    "running",       "paused",  "asleep",
                                                     "halted", "between lives", "starting"};
        return words[static_cast<std::size_t>(run)];
    }

    /// It was told of a reboot, and runs on in the same life.
    void goes_on_in_place() { run_ = Run::running; }

    Run run() const { return run_; }
    bool defined() const { return defined_; }

    /// `event` as to_text() has it, without the name.
    bool goes_on_with(std::string_view event) {
        using enum Run;
        // What woke and stopped between two looks has, for all that is told, stopped in its sleep.
        const bool live = run_ == running || run_ == paused || run_ == asleep;
        if (event.starts_with("JOB") || event.starts_with("MEMORY")) return true;
        if (event.starts_with("WATCHDOG") || event.starts_with("ADDED") || event.starts_with("REMOVED") ||
            event.starts_with("KEPT") || event.starts_with("MEDIUM"))
            return live || run_ == halted;
        if (event == "DEFINED/0") return !std::exchange(defined_, true);
        if (event == "DEFINED/1" || event == "DEFINED/2" || event == "UNDEFINED/1") return defined_;
        if (event == "UNDEFINED/0") return std::exchange(defined_, false);
        if (event == "STARTED/0" || event == "STARTED/2")
            return step(run_ == off || run_ == between_lives || run_ == starting, running);
        if (event == "STARTED/4") return step(run_ == asleep, running);
        if (event == "SUSPENDED/0" || event == "SUSPENDED/6")
            return step(run_ == running || run_ == starting, paused);
        if (event == "RESUMED/0") return step(run_ == paused || run_ == starting, running);
        if (event == "REBOOT") return step(live || run_ == halted || run_ == starting, between_lives);
        if (event == "SHUTDOWN/1" || event == "SHUTDOWN/2" || event == "CRASHED/0") return step(live, halted);
        if (event == "PMSUSPENDED/0") return step(live, asleep);
        if (event.starts_with("STOPPED/")) return step(run_ != off, off);
        return false;
    }

 private:
    bool step(bool allowed, Run next) {
        run_ = next;
        return allowed;
    }

    bool defined_ = false;
    Run run_ = Run::off;
};

/// Whether what is told is what can be read now.
inline bool is_so(const Manager& manager, std::string_view kind, const domain::Event& event) {
    const auto info = manager.find(event.uuid);
    if (kind.starts_with("STARTED")) return info && info->domid == event.domid;
    if (kind.starts_with("STOPPED")) return !info || info->domid == -1;
    if (kind.starts_with("DEFINED")) return info && info->persistent;
    if (kind == "UNDEFINED/0") return !info || !info->persistent;
    if (kind.starts_with("SUSPENDED")) return info && info->status.state == domain::State::paused;
    if (kind.starts_with("RESUMED")) return info && info->status.state == domain::State::running;
    return true;
}

}  // namespace virtlight::manager
