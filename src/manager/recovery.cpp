// SPDX-License-Identifier: LGPL-2.1-or-later
#include "manager/recovery.hpp"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>

#include "async/timing.hpp"
#include "base/limits.hpp"
#include "base/log.hpp"
#include "manager/found_life.hpp"

namespace virtlight::manager {
namespace {

using async::Task;
using hypervisor::DomainSeen;
using hypervisor::Snapshot;

/// In the log, and in the domain's timeline.
void note_decision(Core& core, const Domain& domain, std::string_view what) {
    log::notice("domain '{}': {}", domain.name, what);
    core.timeline.note(domain, what);
}

void take_up(Core& core, const DomainRef& domain, StoredLife stored, const DomainSeen& seen) {
    Life life;
    life.domid = seen.domid;
    if (stored.domid == seen.domid) life.noted = stored.held;
    // It was to power off for a reboot, and may have done so.
    const bool being_reset = stored.held == Held::starting || stored.held == Held::resetting;
    life.restart_asked = stored.again && !being_reset && (stored.held != Held::ending || seen.stopped);
    life.ours = stored.ours;
    life.definition = std::move(stored.definition);
    life.pci_taken = std::move(stored.pci_taken);
    life.seen = seen;
    // The note may have less than it has, or what it had before that tool changed it.
    if (!life.ours) life.undescribed.emplace();
    core.begin_life(domain, std::move(life), first_status(seen));
    auto& since = domain->life->since;
    if (stored.domid == seen.domid) since = std::min(since, stored.since.value_or(since));
}

Task<Result<>> done_with() {
    co_return Result<>{};
}

/// Posts what is to be done to the guest that the domain has now. What comes of a guest's end may come first,
/// and another one run by then.
void post_for_guest(Jobs& jobs, const DomainRef& domain, JobKind kind, Jobs::Work work) {
    jobs.post(
        domain, kind,
        [domain, life = domain->life->id, work = std::move(work)](hypervisor::Operation operation) mutable {
            const bool lives = domain->life && domain->life->id == life;
            return lives ? work(std::move(operation)) : done_with();
        });
}

/// The daemon was killed while it saved this guest.
void settle(Core& core, Jobs& jobs, Guests& guests, const DomainRef& domain) {
    note_decision(core, *domain,
                  domain->image ? "it was being saved: it is, and its guest is removed"
                                : "it was being saved: that has come to nothing, and it goes on; should its "
                                  "file have been finished all the same, it is older than its disks");
    // Not to be taken for a guest that goes to sleep by itself, unless this fails.
    domain->life->stopped = domain->life->seen.stopped;
    jobs.post(domain, JobKind::after_stop,
              [&guests, domain, life = domain->life->id](hypervisor::Operation operation) {
                  return guests.settle_suspended(domain, life, std::move(operation));
              });
}

/// The same, before this guest had suspended itself: it may be about to.
void take_back_save(Jobs& jobs, Guests& guests, const DomainRef& domain) {
    post_for_guest(jobs, domain, JobKind::correct_note,
                   [&guests, domain](hypervisor::Operation) { return guests.take_back_save(domain); });
}

/// The daemon was killed before it could let this guest run again.
void release_from_dump(Core& core, Jobs& jobs, Guests& guests, const DomainRef& domain) {
    note_decision(core, *domain, "its core was being dumped: that has come to nothing");
    if (!domain->life->stopped) domain->status = domain::PausedReason::dump;
    post_for_guest(jobs, domain, JobKind::resume,
                   [&guests, domain](hypervisor::Operation) { return guests.go_on(domain); });
}

/// What was about to be done to it has not begun, or is over: no later daemon is to go by that.
void note_that_it_stays(Jobs& jobs, Guests& guests, const DomainRef& domain) {
    post_for_guest(jobs, domain, JobKind::correct_note,
                   [&guests, domain](hypervisor::Operation) { return guests.note_that_it_stays(domain); });
}

/// With what a domain that had this definition is started anew.
domain::Definition next(const Domain& domain, const domain::Definition& definition, Anew how) {
    return keeping_bridges(domain.stored && !how.as_it_was ? *domain.stored : at_rest(definition),
                           definition);
}

/// The daemon was killed while this guest was being reset softly, or before it could let it run again.
void let_go_on_from_reset(Core& core, Jobs& jobs, Guests& guests, const DomainRef& domain) {
    note_decision(core, *domain, "it was resetting itself: it goes on from there, or is started anew");
    domain->status = domain::PausedReason::starting_up;
    post_for_guest(jobs, domain, JobKind::start,
                   [&guests, domain,
                    again = next(*domain, domain->life->definition, {})](hypervisor::Operation operation) {
                       return guests.go_on_from_reset(domain, again, std::move(operation));
                   });
}

bool runs(const DomainSeen& seen) {
    return !seen.paused && !seen.stopped;
}

/// Whether a guest that has gone may have run since the image was made that it stood paused beside: another
/// tool may have let it, as no daemon looked. What was being saved, or destroyed before it ran, is not meant;
/// nor what the host has taken with it, which as a rule takes the daemon, too.
bool may_have_run_unseen(const StoredLife& life, const FoundLife& found) {
    using enum Held;
    return found.fate == FoundLife::Fate::ended && !life.over && life.held != saving && life.held != ending;
}

std::optional<hypervisor::LifeId> life_of(const Domain& domain) {
    return domain.life ? std::optional(domain.life->id) : std::nullopt;
}

void let_sleep(const DomainRef& domain) {
    domain->life->stopped = domain->life->seen.stopped;
    domain->status = domain::PmSuspendedReason::unknown;
}

/// Of a guest that had this life when the daemon started.
Task<Result<>> finish_start_anew(Core& core, Guests& guests, DomainRef domain,
                                 std::optional<hypervisor::LifeId> life, domain::Definition again, Anew how,
                                 hypervisor::Operation operation) {
    // What was done before it may have started another.
    if (domain->life && life_of(*domain) != life) co_return Result<>{};
    const bool half_made = life && domain->status == domain::Status(domain::PausedReason::starting_up);
    finish_in_any_case(*domain);  // it may be taken apart by half
    auto started = co_await guests.start_anew(domain, std::move(again), how, std::move(operation));
    if (half_made && life_of(*domain) == life) {
        // It cannot be removed: it is there, and clients see it. Then they are told of it, too.
        core.tell(*domain, domain::Started::booted);
        core.tell(*domain, domain::Suspended::api_error);
    }
    co_return started;
}

/// What a life that is known from before has become.
class Recovery {
 public:
    Recovery(const Parts& parts, const Snapshot& snapshot, Later& later, Later& ended)
        : core_(parts.core),
          jobs_(parts.jobs),
          guests_(parts.guests),
          devices_(parts.devices),
          renaming_(parts.renaming),
          later_(later),
          ended_(ended) {
        for (const auto& seen : snapshot.domains)
            seen_.emplace(seen.uuid, &seen);
    }

    /// Whether nothing is left of it but its note: that is dropped later.
    bool put_off_end(const StoredLife& life, bool image_aside);
    void restore(StoredLife life, bool image_aside);

 private:
    FoundLife judge(const StoredLife& life) const;
    void start_anew(const DomainRef& domain, const domain::Definition& definition, Anew how);
    void settle_ending(const DomainRef& domain, std::optional<Anew> again);
    void go_on(const DomainRef& domain, StoredLife life, FoundLife found, bool image_aside);
    void release(const DomainRef& domain, Held held);
    void follow_name(const DomainRef& domain);
    void look_at_devices(const DomainRef& domain);
    void warn_of_old_image(const DomainRef& domain);
    void settle_image(const DomainRef& domain, bool image_aside);
    void take_image_back(const DomainRef& domain);
    void undo_start(const DomainRef& domain, StoredLife life, FoundLife found, bool image_aside);

    Core& core_;
    Jobs& jobs_;
    Guests& guests_;
    Devices& devices_;
    Renaming& renaming_;
    Later& later_;
    Later& ended_;  ///< the same, of those that have only ended
    std::unordered_multimap<Uuid, const DomainSeen*> seen_;
};

FoundLife Recovery::judge(const StoredLife& life) const {
    std::vector<const DomainSeen*> candidates;
    const auto [first, last] = seen_.equal_range(life.definition.uuid);
    for (auto at = first; at != last; ++at)
        candidates.push_back(at->second);
    return judge_found(life, candidates);
}

/// A boot of the host leaves as many of these as there were guests.
bool Recovery::put_off_end(const StoredLife& life, bool image_aside) {
    const auto domain = core_.registry.find(life.definition.uuid);
    if (!domain || domain->image || image_aside || seen_.contains(life.definition.uuid)) return false;
    const auto found = judge(life);
    if (found.fate != FoundLife::Fate::ended || found.to_start) return false;
    domain->short_lives = life.short_lives;
    ended_.push_back([&core = core_, &jobs = jobs_, &guests = guests_, domain] {
        note_decision(core, *domain, "it has ended while the daemon was away");
        jobs.post(domain, JobKind::after_stop,
                  [&guests, domain](hypervisor::Operation) { return guests.forget(domain); });
    });
    return true;
}

/// Unless another tool starts it meanwhile, or ends what there is of it, or lets that run.
void Recovery::start_anew(const DomainRef& domain, const domain::Definition& definition, Anew how) {
    note_decision(core_, *domain, "it was being started anew when the daemon ended: it is started");
    const auto life = life_of(*domain);
    auto work = [&core = core_, &guests = guests_, domain, life, again = next(*domain, definition, how),
                 how](hypervisor::Operation operation) {
        return finish_start_anew(core, guests, domain, life, again, how, std::move(operation));
    };
    later_.push_back([&jobs = jobs_, &guests = guests_, domain, life, work = std::move(work)] {
        if (life_of(*domain) != life) return;
        if (life && runs(domain->life->seen)) return note_that_it_stays(jobs, guests, domain);
        jobs.post(domain, JobKind::start, work);
    });
}

/// The daemon was killed while it destroyed this guest. What Xen has paused may be taken apart already, and
/// nothing else will end it; one that runs is whole.
void Recovery::settle_ending(const DomainRef& domain, std::optional<Anew> again) {
    const auto& seen = domain->life->seen;
    if (runs(seen)) {
        note_decision(core_, *domain, "it was about to be destroyed, and goes on");
        return note_that_it_stays(jobs_, guests_, domain);
    }
    // Unless it was reset, it has ended by itself, and is judged as any that has.
    const bool by_itself = seen.stopped && seen.stopped != hypervisor::StopReason::suspend;
    if (again && !again->as_it_was && by_itself) {
        if (domain->short_lives > 0) --domain->short_lives;  // that counts this life again
        return;
    }
    domain->life->stopped = seen.stopped;
    domain->life->stop_untold = by_itself;
    if (seen.stopped) domain->status = halted_status(*seen.stopped);
    if (again) return start_anew(domain, domain->life->definition, *again);
    note_decision(core_, *domain, "it was being destroyed: it is");
    post_for_guest(jobs_, domain, JobKind::destroy,
                   [&guests = guests_, domain](hypervisor::Operation operation) {
                       return guests.destroy(domain, domain::ShutoffReason::destroyed, std::move(operation));
                   });
}

void Recovery::restore(StoredLife life, bool image_aside) {
    const auto name = life.definition.name;
    auto domain = core_.registry.find(life.definition.uuid);
    if (!domain) {
        auto added = core_.registry.add(life.definition.uuid, name);
        if (!added) return log::error("domain '{}' is not shown: {}", name, added.error().message);
        domain = *added;
    }
    domain->short_lives = life.short_lives;
    using enum FoundLife::Fate;
    const auto found = judge(life);
    if (found.fate == goes_on) return go_on(domain, std::move(life), found, image_aside);
    if (found.fate == cut_off) return undo_start(domain, std::move(life), found, image_aside);
    note_decision(core_, *domain,
                  fmt::format("it {} while the daemon was away",
                              found.fate == not_started ? "was not started" : "has ended"));
    if (may_have_run_unseen(life, found)) domain->image.outdate();
    if (domain->image ? domain->image.is_outdated() : image_aside) warn_of_old_image(domain);
    if (found.to_start) return start_anew(domain, life.definition, life.anew);
    jobs_.post(domain, JobKind::after_stop,
               [&guests = guests_, domain](hypervisor::Operation) { return guests.forget(domain); });
}

void Recovery::warn_of_old_image(const DomainRef& domain) {
    const auto what = fmt::format(
        "it may have run since it was saved: what was saved is not restored, and kept beside '{}'",
        core_.store.image_path(domain->uuid).string());
    log::warning("domain '{}': {}", domain->name, what);
    core_.timeline.note(*domain, what);
}

void Recovery::go_on(const DomainRef& domain, StoredLife life, FoundLife found, bool image_aside) {
    using enum Held;
    const auto& seen = *found.seen;
    const auto held = life.held;
    const auto again = found.to_start ? std::optional(life.anew) : std::nullopt;
    const bool suspended = seen.stopped == hypervisor::StopReason::suspend;
    take_up(core_, domain, std::move(life), seen);
    follow_name(domain);
    if (held == saving && suspended) return settle(core_, jobs_, guests_, domain);
    if (held == ending) {
        // An image that is aside is kept: it may be all that is left.
        settle_ending(domain, again);
        if (!domain->image) return;
    } else {
        log::notice("domain '{}' goes on as domid {}", domain->name, seen.domid);
        core_.timeline.note(*domain, "the daemon has started, and the guest goes on");
        if (suspended) let_sleep(domain);
        release(domain, held);
    }
    // What another tool runs was not restored from it.
    if (!domain->life->ours) return;
    if (domain->image || image_aside) settle_image(domain, image_aside);
}

/// From what it was held for when the daemon was killed, but for its end.
void Recovery::release(const DomainRef& domain, Held held) {
    using enum Held;
    const auto& seen = domain->life->seen;
    // Devices that are changed while it is held for a dump or a save are noted as that.
    if (held == devices || held == dumping || held == saving) look_at_devices(domain);
    if (held == dumping && seen.paused)
        release_from_dump(core_, jobs_, guests_, domain);
    else if (held == resetting && seen.paused && !seen.stopped)
        let_go_on_from_reset(core_, jobs_, guests_, domain);
    else if (held == saving)
        take_back_save(jobs_, guests_, domain);
    else if (held == starting || held == dumping || held == resetting)
        note_that_it_stays(jobs_, guests_, domain);
}

/// A guest that was started paused has what was saved of it until it runs. The daemon may have been killed
/// between setting that aside and letting it run.
void Recovery::settle_image(const DomainRef& domain, bool image_aside) {
    const auto& seen = domain->life->seen;
    if (!seen.stopped && !seen.may_have_run()) {
        if (image_aside) take_image_back(domain);
        return;
    }
    note_decision(core_, *domain, "it has run since it was saved: what was saved of it is dropped");
    domain->image.outdate();  // until it is dropped
    jobs_.post(domain, JobKind::remove_image, [&guests = guests_, domain](hypervisor::Operation) {
        return guests.drop_image_of_running(domain);
    });
}

/// Before anything else that its domain is to do.
void Recovery::take_image_back(const DomainRef& domain) {
    note_decision(core_, *domain, "it has not run since it was saved: what was saved of it is taken back");
    domain->image.stands();
    jobs_.post(domain, JobKind::correct_note,
               [&guests = guests_, domain](hypervisor::Operation) { return guests.keep_image(domain); });
}

/// Another tool may have renamed ours, before clients come; its own may always have had that name. The names
/// of all are known first.
void Recovery::follow_name(const DomainRef& domain) {
    const auto& name = domain->life->seen.name;
    if (!domain->life->ours || name.empty() || name == domain->name) return;
    later_.push_back([&renaming = renaming_, domain, life = life_of(*domain)] {
        if (life_of(*domain) == life) renaming.follow(domain);
    });
}

void Recovery::look_at_devices(const DomainRef& domain) {
    jobs_.post(domain, JobKind::look_again,
               [&devices = devices_, domain, id = domain->life->id](hypervisor::Operation) {
                   return devices.look_again(domain, id);
               });
}

/// It was never let run: nothing is lost with it.
void Recovery::undo_start(const DomainRef& domain, StoredLife life, FoundLife found, bool image_aside) {
    if (image_aside) take_image_back(domain);
    const auto* const seen = found.seen;
    const auto definition = life.definition;
    const auto how = life.anew;
    if (seen) {
        note_decision(core_, *domain,
                      fmt::format("it was left half made as domid {}: it is destroyed", seen->domid));
        take_up(core_, domain, std::move(life), *seen);
        // Not to be taken for the end of one that has run.
        domain->life->stopped = seen->stopped;
        domain->status = domain::PausedReason::starting_up;
    } else {
        note_decision(core_, *domain, "it was not started while the daemon was away");
    }
    if (found.to_start) return start_anew(domain, definition, how);
    jobs_.post(domain, seen ? JobKind::destroy : JobKind::after_stop,
               [&guests = guests_, domain](hypervisor::Operation operation) {
                   return guests.destroy(domain, domain::ShutoffReason::failed, std::move(operation));
               });
}

}  // namespace

async::Task<> restore_definitions(Core& core, std::vector<Stored> domains, std::vector<Uuid> images) {
    core.registry.expect_images(images);
    // Definitions are long: they are not moved for the sake of their order.
    std::vector<std::pair<Uuid, std::size_t>> order;
    for (std::size_t i = 0; i < domains.size(); ++i)
        order.emplace_back(domains[i].definition.uuid, i);
    std::ranges::sort(order);
    for (std::size_t i = 0; i < order.size(); ++i) {
        if (i > 0 && i % limits::restored_per_step == 0) co_await async::give_way(core.scheduler);
        auto& stored = domains[order[i].second];
        auto claimed = core.registry.claim(stored.definition.uuid, stored.definition.name);
        if (!claimed) {
            log::error("the stored definition of domain '{}' is left alone: {}", stored.definition.name,
                       claimed.error().message);
            continue;
        }
        (*claimed)->stored = std::move(stored.definition);
        (*claimed)->autostart = stored.autostart;
        (*claimed)->autostart_once = stored.autostart_once;
    }
}

Task<Later> restore_lives(Parts parts, std::vector<StoredLife> lives, std::vector<Uuid> images_aside,
                          const Snapshot& snapshot) {
    const std::unordered_set<Uuid> set_aside(images_aside.begin(), images_aside.end());
    Later later;
    Later ended;
    Recovery recovery(parts, snapshot, later, ended);
    std::vector<StoredLife> others;
    for (std::size_t i = 0; i < lives.size(); ++i) {
        if (i > 0 && i % limits::restored_per_step == 0) co_await async::give_way(parts.core.scheduler);
        auto life = std::move(lives[i]);  // its definition is long, and goes in this step
        if (!recovery.put_off_end(life, set_aside.contains(life.definition.uuid)))
            others.push_back(std::move(life));
    }
    // In one step: what is begun for the first must not find the last unknown.
    for (auto& life : others) {
        const bool aside = set_aside.contains(life.definition.uuid);
        recovery.restore(std::move(life), aside);
    }
    std::ranges::move(ended, std::back_inserter(later));
    co_return later;
}

Task<> do_later(Core& core, Later later) {
    for (std::size_t i = 0; i < later.size() && !core.stopping; ++i) {
        if (i > 0 && i % limits::restored_per_step == 0) co_await async::give_way(core.scheduler);
        later[i]();
    }
}

}  // namespace virtlight::manager
