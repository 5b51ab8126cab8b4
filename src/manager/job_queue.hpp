// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "hypervisor/port.hpp"

namespace virtlight::manager {

/// A job's id is the id of the operation that the layers below log under.
using JobId = hypervisor::OperationId;

enum class JobKind {
    define,
    undefine,
    set_autostart,
    set_metadata,
    set_lifecycle_action,
    remove_image,
    change_image,
    start,
    create,
    suspend,
    resume,
    save,
    restore,
    shutdown,
    reboot,
    reset,
    inject_nmi,
    send_keys,
    set_memory,
    set_vcpus,
    pin_vcpu,
    set_cpu_share,
    rename,
    attach_device,
    detach_device,
    update_device,
    resize_disk,
    dump_core,
    sleep,
    wake,
    destroy,
    after_stop,  ///< what is to be done when a guest has ended
    // What the daemon asks of itself.
    set_image_aside,  ///< another tool has run its guest
    follow_name,      ///< another tool has given it another name
    look_again,       ///< at the devices of a guest that were being changed when the daemon was killed
    correct_note,     ///< what the daemon before has noted of a guest is not so any more
};
inline constexpr std::size_t job_kinds = std::to_underlying(JobKind::correct_note) + 1;

/// What holds for every job of a kind.
struct JobRules {
    std::string_view verb;  ///< "cannot VERB domain 'web': ..."
    Duration deadline;      ///< from the job's turn on, for all of it or until a byte of an image moves
    bool on_guest;          ///< means a running guest, or makes one: stopped by what ends the guest
    int precedence;         ///< above 0: urgent, does not queue
    Duration silence{};     ///< from then on: since the last byte has moved. Zero: it moves none
    enum class Asks { nothing, guest, guest_only };
    Asks asks = Asks::nothing;  ///< the guest to do it, one thing at a time; `only`: and changes nothing else
};
const JobRules& rules(JobKind kind);

/// In which order the jobs of one domain run: one at a time, first come first served. Only beside one that
/// does nothing but wait for the guest to answer a request, the next one has its turn already. An urgent job
/// goes before all of lower precedence and has what runs cancelled if that is on the guest. Destroy is the
/// most urgent, and the waiting jobs on the guest end without having run. Pure: it names jobs, and somebody
/// else runs them.
class JobQueue {
 public:
    /// What the arrival of a job does to others.
    struct Arrival {
        std::vector<JobId> ended;      ///< waited, and are forgotten
        std::vector<JobId> overtaken;  ///< run, and are to be cancelled
    };

    /// Empty if limits::jobs_per_domain wait already; then nothing has changed.
    std::optional<Arrival> add(JobId id, JobKind kind);
    /// Whose turn it is; that job runs from here on. None while another one runs that it has to wait for.
    std::optional<JobId> next();
    /// A running job has ended.
    void finish(JobId id);
    /// Forgets a job that waits; false if it does not.
    bool withdraw(JobId id);

    /// Whether a job of this kind waits or runs.
    bool has(JobKind kind) const;
    bool idle() const { return running_.empty() && waiting_.empty(); }
    std::size_t waiting() const { return waiting_.size(); }

 private:
    struct Entry {
        JobId id;
        JobKind kind;
    };

    bool has_turn(const Entry& entry) const;

    std::vector<Entry> running_;  ///< one, or a request and one beside it
    std::deque<Entry> waiting_;   ///< by falling precedence, then by arrival
};

}  // namespace virtlight::manager
