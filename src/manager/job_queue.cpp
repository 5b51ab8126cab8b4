// SPDX-License-Identifier: LGPL-2.1-or-later
#include "manager/job_queue.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>

#include "base/limits.hpp"

namespace virtlight::manager {
namespace {

struct Row {
    JobKind kind;
    JobRules rules;
};

/// Whether the table has a row for each kind, in their order.
constexpr bool names_all(std::span<const Row> table) {
    for (std::size_t i = 0; i < table.size(); ++i)
        if (std::to_underlying(table[i].kind) != static_cast<int>(i)) return false;
    return table.size() == job_kinds;
}

}  // namespace

const JobRules& rules(JobKind kind) {
    using namespace limits;
    using enum JobKind;
    using Asks = JobRules::Asks;
    static constexpr Row table[] = {
        {define, {"define", definition_deadline, false, 0}},
        {undefine, {"undefine", definition_deadline, false, 0}},
        {set_autostart, {"set autostart of", definition_deadline, false, 0}},
        {set_metadata, {"change the metadata of", definition_deadline, false, 0}},
        {set_lifecycle_action, {"change a lifecycle action of", definition_deadline, false, 0}},
        {remove_image, {"remove the image of", definition_deadline, false, 0}},
        {change_image, {"change the image of", image_deadline, false, 0, image_patience}},
        {start, {"start", start_deadline, true, 0, image_patience}},
        {create, {"create", start_deadline, true, 0, image_patience}},
        {suspend, {"suspend", pause_deadline, true, 0}},
        {resume, {"resume", pause_deadline, true, 0}},
        {save, {"save", image_deadline, true, 0, image_patience, Asks::guest}},
        {restore, {"restore", image_deadline, true, 0, image_patience}},
        {shutdown, {"shut down", request_deadline, true, 0, {}, Asks::guest_only}},
        {reboot, {"reboot", request_deadline, true, 0, {}, Asks::guest_only}},
        {reset, {"reset", reset_deadline, true, 0}},
        {inject_nmi, {"inject an NMI into", tuning_deadline, true, 0}},
        {send_keys, {"send keys to", tuning_deadline, true, 0}},
        {set_memory, {"set the memory of", tuning_deadline, true, 0}},
        {set_vcpus, {"set the vCPUs of", tuning_deadline, true, 0}},
        {pin_vcpu, {"pin a vCPU of", tuning_deadline, true, 0}},
        {set_cpu_share, {"set the processor share of", tuning_deadline, true, 0}},
        {rename, {"rename", tuning_deadline, true, 0}},
        {attach_device, {"attach a device to", device_deadline, true, 0}},
        {detach_device, {"detach a device from", device_deadline, true, 0}},
        {update_device, {"change a device of", device_deadline, true, 0}},
        {resize_disk, {"resize a disk of", device_deadline, true, 0}},
        {dump_core, {"dump the core of", image_deadline, true, 0, dump_patience}},
        {sleep, {"suspend", sleep_deadline, true, 0, {}, Asks::guest}},
        {wake, {"wake up", tuning_deadline, true, 0}},
        {destroy, {"destroy", destroy_deadline, true, 2}},
        {after_stop, {"clean up after", after_stop_deadline, true, 1, after_stop_deadline}},
        {set_image_aside, {"set aside the image of", definition_deadline, false, 0}},
        // Not ended by a destroy: the definition gets the name, too.
        {follow_name, {"follow the new name of", definition_deadline, false, 0}},
        {look_again, {"look again at the devices of", device_deadline, true, 0}},
        {correct_note, {"correct what is noted of", pause_deadline, true, 0}},
    };
    static_assert(names_all(table));
    return table[std::to_underlying(kind)].rules;
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

bool JobQueue::has(JobKind kind) const {
    const auto is_it = [kind](const Entry& entry) { return entry.kind == kind; };
    return std::ranges::any_of(running_, is_it) || std::ranges::any_of(waiting_, is_it);
}

}  // namespace virtlight::manager
