// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <utility>

#include "base/limits.hpp"
#include "base/log.hpp"
#include "domain/xml.hpp"
#include "manager/disk_use.hpp"
#include "manager/host_device_use.hpp"
#include "manager/mac_use.hpp"
#include "manager/networks.hpp"
#include "manager/operations.hpp"

/// How a guest comes to run: the store learns of the intent, the hypervisor makes the domain, the store
/// learns its domid, and only then is it let run and told of. Whatever fails, what was made is undone.
namespace virtlight::manager {

using async::Task;
using hypervisor::Operation;
using hypervisor::Stage;

namespace {

/// A guest that stays paused has executed nothing: what was saved of it stands until somebody lets it run.
/// But not if whoever starts it wants it gone.
bool keeps_image(const StartOptions& options) {
    return options.paused && !options.fresh;
}

bool has_networks(const domain::Definition& definition) {
    return std::ranges::any_of(definition.nics,
                               [](const auto& nic) { return nic.kind == domain::Nic::Kind::network; });
}

}  // namespace

Result<> require_free(const Domain& domain, const domain::Definition& definition) {
    if (auto same = check_name(domain, definition.name); !same) return same;
    if (domain.life) return fail(Reason::invalid_state, "domain is already active as '{}'", domain.name);
    if (domain.image)
        return fail(Reason::invalid_state,
                    "it has a managed save image, which would be lost: start it, or remove the image");
    return {};
}

Task<Result<>> Guests::start(DomainRef domain, StartOptions options, Operation operation) {
    if (auto aside = co_await set_image_aside(domain); !aside) co_return aside;
    if (domain->life) co_return fail(Reason::invalid_state, "domain is already running");
    if (!domain->stored) co_return fail(Reason::no_domain, "there is no such domain any more");
    if (domain->image && !options.fresh)
        co_return co_await start_from_image(domain, options, std::move(operation));
    domain->short_lives = 0;
    const Making making(core_, domain, *domain->stored);
    co_return co_await bring_up(domain, options, {}, std::move(operation));
}

Task<Result<>> Guests::create(DomainRef domain, domain::Definition definition, StartOptions options,
                              Operation operation) {
    if (auto aside = co_await set_image_aside(domain); !aside) co_return aside;
    if (auto free = require_free(*domain, definition); !free) co_return free;
    if (auto good = domain::check_length(definition); !good) co_return good;
    domain->short_lives = 0;
    const Making making(core_, domain, std::move(definition));
    co_return co_await bring_up(domain, options, {}, operation);
}

Task<Result<hypervisor::Created>> Guests::make(const domain::Definition& definition,
                                               const hypervisor::KnownImage& image, Operation operation) {
    operation.tell_stage(image.path.empty() ? Stage::building : Stage::restoring);
    if (image.path.empty()) return core_.hypervisor.create(definition, std::move(operation));
    return core_.hypervisor.restore(definition, image, std::move(operation));
}

Task<Result<>> Guests::bring_up(DomainRef domain, StartOptions options, hypervisor::KnownImage image,
                                Operation operation) {
    operation.bypass_cache = options.bypass_cache;
    const bool restored = !image.path.empty();
    auto intent = co_await prepare(domain, operation);
    if (!intent) co_return std::unexpected(std::move(intent.error()));
    auto made = co_await make(intent->definition, image, operation);
    if (!made) {
        core_.last_end = core_.moments.next();
        domain->status = domain::ShutoffReason::failed;
        co_await settle_unmade(domain, *std::move(intent), made.error().reason);
        co_return std::unexpected(std::move(made.error()));
    }
    begin_life(domain, std::move(intent->definition), *std::move(made), restored);
    const auto how = restored ? domain::Started::restored : domain::Started::booted;
    auto running = co_await let_run(domain, options, operation);
    if (!running) co_return co_await undo_start(domain, how, std::move(running));
    log::info("domain '{}' runs as domid {}", domain->name, domain->domid());
    const bool image_aside = domain->image && !keeps_image(options);
    const bool image_used = image_aside && !domain->image.is_outdated();
    if (image_aside) domain->image.goes();
    core_.tell(*domain, how);
    if (restored && !options.paused) domain->status = domain::RunningReason::restored;
    if (options.paused) core_.tell(*domain, domain::Suspended::paused);
    if (image_used) co_await drop_image(domain);
    co_return running;
}

/// Looks for what the guest is to have of the host, and notes that it is about to be made.
Task<Result<StoredLife>> Guests::prepare(DomainRef domain, Operation operation) {
    operation.tell_stage(Stage::looking_at_files);
    auto usb = co_await find_usb_devices(core_, domain->making->usb);
    if (!usb) co_return std::unexpected(std::move(usb.error()));
    if (!domain->making) co_return fail(Reason::cancelled, "cancelled");
    domain->making->usb = *std::move(usb);
    auto found = co_await connect_to_networks(domain, operation);
    if (!found) co_return std::unexpected(std::move(found.error()));
    StoredLife intent{.definition = *domain->making,
                      .again = domain->restarting.has_value(),
                      .anew = domain->restarting.value_or(Anew()),
                      .short_lives = domain->short_lives};
    auto free = co_await require_free_disks(core_, domain, intent.definition, operation.cancel);
    if (free) free = check_macs_are_free(core_.registry, intent.definition);
    if (free) free = check_host_devices_are_free(core_, intent.definition);
    if (free) free = co_await core_.store.save_life(intent);
    if (!free) co_return std::unexpected(std::move(free.error()));
    co_return intent;
}

/// Its guest is there, paused.
void Guests::begin_life(const DomainRef& domain, domain::Definition definition, hypervisor::Created made,
                        bool restored) {
    Life life;
    life.definition = std::move(definition);
    life.domid = made.domid;
    life.definition.consoles = std::move(made.consoles);
    if (auto& vnc = life.definition.graphics.vnc) vnc->port = made.vnc_port.value_or(vnc->port);
    if (auto& spice = life.definition.graphics.spice) spice->port = made.spice_port.value_or(spice->port);
    core_.begin_life(domain, std::move(life), domain::PausedReason::starting_up,
                     restored ? Birth::restored : Birth::booted);
    core_.timeline.phase(*domain, restored ? "restored, paused" : "built, paused");
}

/// It cannot be let run. Where it cannot be removed either, clients see it: then they are told of it, too. It
/// has not run: its image is set aside when it is resumed.
Task<Result<>> Guests::undo_start(DomainRef domain, domain::Started how, Result<> running) {
    const auto removed = co_await tear_down(domain);
    if (removed) co_return running;
    if (domain->image) co_await take_image_back(domain);
    running.error().message += "; what was made of it cannot be removed: " + removed.error().message;
    core_.tell(*domain, how);
    core_.tell(*domain, domain::Suspended::api_error);
    co_return running;
}

/// The bridges of networks are those of this start.
Task<Result<>> Guests::connect_to_networks(DomainRef domain, Operation operation) {
    if (!has_networks(*domain->making)) co_return Result<>{};
    operation.tell_stage(Stage::asking_for_bridges);
    auto nics = co_await find_bridges(core_, domain, domain->making->nics, operation.cancel);
    if (!nics) co_return std::unexpected(std::move(nics.error()));
    if (!domain->making) co_return fail(Reason::cancelled, "cancelled");
    domain->making->nics = *std::move(nics);
    operation.tell_stage(Stage::looking_at_files);
    co_return Result<>{};
}

/// As a rule nothing is left of what could not be made, but for the devices of the host that it was to have:
/// they are Xen's by now. What was given up may still come, and what could not be removed is there.
Task<> Guests::settle_unmade(DomainRef domain, StoredLife intent, Reason why) {
    const bool begun = why != Reason::domain_exists;
    const bool left = begun && co_await may_be_there(domain->uuid);
    if (left) {
        log::error("domain '{}' may be there half made: the next daemon removes what is left of it",
                   domain->name);
        core_.half_made.insert(domain->uuid);
        // It is not to be started for that. One that was to start anew is, if only the daemon stops.
        if (std::exchange(intent.again, false) && !core_.stopping)
            co_await note_half_made(domain, std::move(intent));
    } else if (begun) {
        core_.half_made.erase(domain->uuid);  // nor of an earlier start
        co_await give_back_unused(core_, domain->uuid, intent.definition.pci_devices);
    }
    co_await forget(domain);
}

Task<> Guests::note_half_made(DomainRef domain, StoredLife intent) {
    const auto noted = co_await core_.store.save_life(std::move(intent));
    if (!noted)
        log::warning("domain '{}': that it is not to be started anew cannot be noted: {}", domain->name,
                     noted.error().message);
}

/// Whether Xen has a domain with this uuid, by whomever, or will have one.
Task<bool> Guests::may_be_there(Uuid uuid) {
    if (core_.hypervisor.may_still_come(uuid)) co_return true;
    const auto snapshot = co_await core_.hypervisor.look();
    co_return !snapshot || std::ranges::any_of(snapshot->domains, [&](const hypervisor::DomainSeen& seen) {
        return seen.uuid == uuid && !seen.dying;
    });
}

/// To make it may have taken minutes, in which another tool may have started a guest with the same disks. It
/// has not written to them yet.
Task<Result<>> Guests::require_still_free(DomainRef domain, Operation operation) {
    const auto definition = domain->life->definition;
    auto free = co_await require_disks_still_free(core_, domain, definition, operation.cancel);
    if (free) free = check_macs_are_free(core_.registry, definition);
    co_return free;
}

Task<Result<>> Guests::let_run(DomainRef domain, StartOptions options, Operation operation) {
    if (auto free = co_await require_still_free(domain, operation); !free) co_return free;
    if (domain->image && !keeps_image(options))
        if (auto aside = co_await core_.store.set_image_aside(domain->uuid); !aside) co_return aside;
    if (operation.cancel.cancelled()) co_return fail(Reason::cancelled, "cancelled");
    const auto held = options.paused ? Held::no : Held::starting;
    if (auto noted = co_await note_life(core_, domain, held); !noted) co_return noted;
    // It is as was asked for, and noted so: the next daemon would not know that it was only being undone.
    if (options.paused) {
        domain->status = domain::PausedReason::user;
        co_return Result<>{};
    }
    if (operation.cancel.cancelled()) co_return fail(Reason::cancelled, "cancelled");
    operation.tell_stage(Stage::letting_run);
    auto unpaused = co_await unpause(domain, operation);
    if (unpaused) domain->status = domain::RunningReason::booted;
    co_return unpaused;
}

/// Before a guest that is there may run: the next daemon is to see one that has, and an image is old from its
/// first instruction on, when a daemon that is killed cannot remove it any more. In this order: should the
/// daemon be killed between, the next one takes the guest for one that is held, and the image back.
Task<Result<>> Guests::ready_to_run(DomainRef domain) {
    if (auto aside = co_await set_image_aside(domain); !aside) co_return aside;
    if (domain->image)
        if (auto aside = co_await core_.store.set_image_aside(domain->uuid); !aside) co_return aside;
    if (auto noted = co_await note_as_it_is(core_, domain); !noted) co_return noted;
    if (!domain->life) co_return fail(Reason::invalid_state, "domain is not running");
    co_return Result<>{};
}

/// It could not be let run, and goes on being what its image was made of, or was made from it. The other way
/// round than before, for the same reason.
Task<> Guests::hold_again(DomainRef domain, Held held) {
    if (!domain->image) co_return;
    if (held != Held::no) co_await note_or_warn(core_, domain, "that it is held as before", held);
    co_await take_image_back(domain);
}

/// Lets a guest run that may never have.
Task<Result<>> Guests::unpause(DomainRef domain, Operation operation) {
    auto unpaused = co_await core_.hypervisor.unpause(domain->life->domid, std::move(operation));
    co_return co_await make_sure(domain, std::move(unpaused));
}

/// What fails may have happened all the same: then Xen's word counts, as an image of a guest that has run
/// must not be trusted any more.
Task<Result<>> Guests::make_sure(DomainRef domain, Result<> let_run) {
    if (let_run || !domain->life) co_return let_run;
    const auto ran = co_await has_run(domain);
    if (ran == Ran::yes) {
        log::warning("domain '{}' runs, although: {}", domain->name, let_run.error().message);
        co_return Result<>{};
    }
    if (ran == Ran::unknown && domain->image) {
        domain->image.goes();
        log::error("domain '{}' may have run since it was saved: what was saved is kept beside '{}'",
                   domain->name, core_.store.image_path(domain->uuid).string());
    }
    co_return let_run;
}

Task<Guests::Ran> Guests::has_run(DomainRef domain) {
    const auto life = domain->life->id;
    const bool asleep = domain->life->stopped == hypervisor::StopReason::suspend;
    const auto snapshot = co_await core_.hypervisor.look();
    if (!snapshot || !domain->life || domain->life->id != life) co_return Ran::unknown;
    for (const auto& seen : snapshot->domains) {
        if (seen.domid != domain->life->domid || seen.uuid != domain->uuid || seen.dying) continue;
        if (!seen.paused && !seen.stopped) co_return Ran::yes;
        const bool held = asleep ? seen.stopped == hypervisor::StopReason::suspend : !seen.may_have_run();
        if (held) co_return Ran::no;
    }
    co_return Ran::unknown;
}

Task<Result<>> Guests::tear_down(DomainRef domain) {
    const Bounded bounded(core_, limits::destroy_deadline);
    auto removed = co_await remove_guest(domain, bounded.operation());
    if (!removed) co_return removed;
    core_.end_life(domain, domain::ShutoffReason::failed);
    co_return co_await forget(domain);
}

}  // namespace virtlight::manager
