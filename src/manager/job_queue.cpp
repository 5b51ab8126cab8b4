// SPDX-License-Identifier: LGPL-2.1-or-later
#include "manager/job_queue.hpp"

#include <algorithm>
#include <utility>

#include "base/limits.hpp"

namespace virtlight::manager {

const JobRules& rules(JobKind kind) {
    using namespace limits;
    using Asks = JobRules::Asks;
    static constexpr JobRules table[] = {
        {"define", definition_deadline, false, 0},
        {"undefine", definition_deadline, false, 0},
        {"set autostart of", definition_deadline, false, 0},
        {"change the metadata of", definition_deadline, false, 0},
        {"change a lifecycle action of", definition_deadline, false, 0},
        {"remove the image of", definition_deadline, false, 0},
        {"change the image of", image_deadline, false, 0, image_patience},
        {"start", start_deadline, true, 0, image_patience},
        {"create", start_deadline, true, 0, image_patience},
        {"suspend", pause_deadline, true, 0},
        {"resume", pause_deadline, true, 0},
        {"save", image_deadline, true, 0, image_patience, Asks::guest},
        {"restore", image_deadline, true, 0, image_patience},
        {"shut down", request_deadline, true, 0, {}, Asks::guest_only},
        {"reboot", request_deadline, true, 0, {}, Asks::guest_only},
        {"reset", start_deadline, true, 0},
        {"inject an NMI into", tuning_deadline, true, 0},
        {"send keys to", tuning_deadline, true, 0},
        {"set the memory of", tuning_deadline, true, 0},
        {"set the vCPUs of", tuning_deadline, true, 0},
        {"pin a vCPU of", tuning_deadline, true, 0},
        {"set the processor share of", tuning_deadline, true, 0},
        {"rename", tuning_deadline, true, 0},
        {"attach a device to", device_deadline, true, 0},
        {"detach a device from", device_deadline, true, 0},
        {"change a device of", device_deadline, true, 0},
        {"resize a disk of", device_deadline, true, 0},
        {"dump the core of", image_deadline, true, 0, dump_patience},
        {"suspend", sleep_deadline, true, 0, {}, Asks::guest},
        {"wake up", tuning_deadline, true, 0},
        {"destroy", destroy_deadline, true, 2},
        {"clean up after", after_stop_deadline, true, 1, after_stop_deadline},
    };
    return table[std::to_underlying(kind)];
}

std::optional<JobQueue::Arrival> JobQueue::add(JobId id, JobKind kind) {
    const auto precedence = rules(kind).precedence;
    // Urgent ones have room of their own, or a full queue could not be ended by a destroy.
    const auto alike = std::ranges::count_if(waiting_, [precedence](const Entry& entry) {
        return (rules(entry.kind).precedence > 0) == (precedence > 0);
    });
    if (static_cast<std::size_t>(alike) >= limits::jobs_per_domain) return std::nullopt;

    Arrival arrival;
    if (kind == JobKind::destroy) {
        std::erase_if(waiting_, [&](const Entry& entry) {
            const bool senseless = rules(entry.kind).on_guest && rules(entry.kind).precedence < precedence;
            if (senseless) arrival.ended.push_back(entry.id);
            return senseless;
        });
    }
    for (const auto& running : running_)
        if (rules(running.kind).on_guest && rules(running.kind).precedence < precedence)
            arrival.overtaken.push_back(running.id);
    const auto place = std::ranges::find_if(
        waiting_, [precedence](const Entry& entry) { return rules(entry.kind).precedence < precedence; });
    waiting_.insert(place, {id, kind});
    return arrival;
}

bool JobQueue::has_turn(const Entry& entry) const {
    const auto& its = rules(entry.kind);
    if (running_.empty()) return true;
    if (running_.size() > 1 || its.precedence > 0) return false;
    // Xen has one place for what a guest is asked to do.
    return rules(running_.front().kind).asks == JobRules::Asks::guest_only &&
           its.asks == JobRules::Asks::nothing;
}

std::optional<JobId> JobQueue::next() {
    if (waiting_.empty() || !has_turn(waiting_.front())) return std::nullopt;
    running_.push_back(waiting_.front());
    waiting_.pop_front();
    return running_.back().id;
}

void JobQueue::finish(JobId id) {
    std::erase_if(running_, [id](const Entry& entry) { return entry.id == id; });
}

bool JobQueue::withdraw(JobId id) {
    return std::erase_if(waiting_, [id](const Entry& entry) { return entry.id == id; }) > 0;
}

}  // namespace virtlight::manager
