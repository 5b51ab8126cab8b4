// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <utility>

#include "base/limits.hpp"
#include "base/log.hpp"
#include "domain/memory.hpp"
#include "domain/same_guest.hpp"
#include "domain/xml.hpp"
#include "manager/file_place.hpp"
#include "manager/operations.hpp"

/// Saving and restoring. An image is whole before its guest is removed, and it is removed only when its guest
/// runs again: whatever fails in between, at least one of them is there.
namespace virtlight::manager {

using async::Task;
using domain::Definition;
using domain::State;
using hypervisor::ImageHead;
using hypervisor::KnownImage;
using hypervisor::Operation;
using hypervisor::Stage;

namespace {

/// A guest of another tool may have what a definition cannot say, or anybody's one more than has room in
/// that, and could not be restored.
Result<ImageHead> readable(ImageHead head) {
    const auto read = domain::parse_xml(domain::format_xml(head.definition));
    if (read) return head;
    return fail(read.error().reason, "what it is made of could not be read back from an image: {}",
                read.error().message);
}

Result<ImageHead> asked_head(const Domain& domain, const SaveOptions& options) {
    if (!domain.life->definition.numa.empty())
        return fail(Reason::unsupported_operation,
                    "a guest with NUMA cells cannot be saved: Xen's images do not hold them");
    if (!domain.life->definition.pci_devices.empty())
        return fail(Reason::unsupported_operation,
                    "a guest with PCI devices of the host cannot be saved: their state is not in an image; "
                    "detach them first");
    ImageHead head{at_rest(domain.life->definition), options.paused};
    if (!options.definition) return head;
    if (auto good = check_instead(head.definition, *options.definition); !good)
        return std::unexpected(std::move(good.error()));
    return head;
}

/// A device model has been given what its guest was asked to have, by another tool, too, and had to begin
/// with; the guest has what Xen sees. One that boots has not taken all of its vCPUs yet.
void count_vcpus(ImageHead& head, unsigned of_model, unsigned seen_online) {
    auto& definition = head.definition;
    const auto asked = definition.vcpus;
    definition.vcpus = std::clamp(of_model, asked, definition.vcpus_max);
    const auto online = std::max(asked, std::min(seen_online, definition.vcpus));
    head.vcpus_online = online == definition.vcpus ? 0 : online;
}

/// Xen lets a guest have a little more than it was asked to have: libxl leaves that much room, for the ROMs
/// of emulated cards, say, and does so again when it is restored.
constexpr std::uint64_t uncounted_kib(domain::GuestType type) {
    return type == domain::GuestType::pv ? 1024 : 2048;
}

/// A restored guest gets no more memory than it is said to have, and all of its image has to find room: also
/// what another tool has given it, or what it was asked to give back and has not, though its maximum has been
/// lowered since.
void count_memory(Definition& definition, std::uint64_t seen_kib) {
    const auto uncounted = uncounted_kib(definition.type);
    if (seen_kib <= definition.memory_kib + uncounted) return;
    const auto has = domain::whole_mib(seen_kib);
    if (seen_kib > definition.memory_max_kib + uncounted) definition.memory_max_kib = has;
    definition.memory_kib = std::min(has, definition.memory_max_kib);
}

/// What a definition cannot hold of another tool's guest would be missing when that is restored.
Task<Result<>> check_whole(Core& core, DomainRef domain, async::CancelToken cancel) {
    if (auto running = require_running(*domain); !running) co_return running;
    if (domain->life->ours) co_return Result<>{};
    tell_stage(*domain, Stage::asking_device_model);
    const auto whole = co_await core.hypervisor.check_whole(domain->life->domid, std::move(cancel));
    if (whole || whole.error().reason == Reason::cancelled) co_return whole;
    co_return fail(whole.error().reason,
                   "another tool has made the guest, which could not be restored as it is: {}",
                   whole.error().message);
}

}  // namespace

/// A guest whose image nobody could restore would be lost: its device model is asked before.
Task<Result<ImageHead>> Guests::head_of(DomainRef domain, SaveOptions options, async::CancelToken cancel) {
    auto head = asked_head(*domain, options);
    if (!head) co_return head;
    const auto has_kib = domain->life->seen.memory_kib;
    if (head->definition.type == domain::GuestType::hvm) {
        tell_stage(*domain, Stage::asking_device_model);
        const auto described = co_await core_.hypervisor.describe(domain->life->domid, std::move(cancel));
        if (!described)
            co_return fail(described.error().reason, "how many vCPUs its device model has is not known: {}",
                           described.error().message);
        if (!domain->life) co_return fail(Reason::invalid_state, "the guest has stopped meanwhile");
        count_vcpus(*head, described->vcpus, domain->life->seen.vcpus_online);
    }
    if (options.definition) head = redefined(*std::move(head), *std::move(options.definition));
    count_memory(head->definition, has_kib);
    co_return readable(*std::move(head));
}

Result<> check_instead(const Definition& saved, const Definition& wanted) {
    if (auto same = domain::check_same_guest(saved, wanted); !same) return same;
    return domain::check_length(wanted);
}

Result<> require_running(const Domain& domain) {
    if (!domain.life) return fail(Reason::invalid_state, "domain is not running");
    if (domain.status.state != State::running)
        return fail(Reason::invalid_state, "domain is {}: it has to be running, as it is to suspend itself",
                    domain::to_string(domain.status.state));
    // It is not seen yet that what has just been saved is still there.
    if (domain.life->unfinished)
        return fail(Reason::invalid_state, "its guest has stopped, and could not be removed");
    return {};
}

Task<Result<>> Guests::save(DomainRef domain, std::filesystem::path path, SaveOptions options,
                            Operation operation) {
    operation.tell_stage(Stage::looking_at_files);
    if (auto good = co_await check_file_place(core_, path, operation.cancel); !good) co_return good;
    const Changing changing(core_, domain);
    if (auto whole = co_await check_whole(core_, domain, operation.cancel); !whole) co_return whole;
    auto written = co_await write_image(domain, std::move(path), std::move(options), std::move(operation));
    if (!written) co_return written;
    co_return co_await remove_saved(domain);
}

Task<Result<>> Guests::managed_save(DomainRef domain, SaveOptions options, Operation operation) {
    if (!domain->stored)
        co_return fail(Reason::invalid_state,
                       "cannot do managed save for transient domain; save it to a file");
    const Changing changing(core_, domain);
    if (auto whole = co_await check_whole(core_, domain, operation.cancel); !whole) co_return whole;
    auto written = co_await write_image(domain, core_.store.image_path(domain->uuid), std::move(options),
                                        std::move(operation));
    if (!written) co_return written;
    domain->image.stands();  // also should its guest not go
    co_return co_await remove_saved(domain);
}

Task<Result<>> Guests::write_image(DomainRef domain, std::filesystem::path path, SaveOptions options,
                                   Operation operation) {
    if (auto running = require_running(*domain); !running) co_return running;
    operation.bypass_cache = options.bypass_cache;
    const auto life = domain->life->id;
    const auto is_over = [&] { return !domain->life || domain->life->id != life; };
    auto head = co_await head_of(domain, std::move(options), operation.cancel);
    if (!head) co_return std::unexpected(std::move(head.error()));
    if (is_over()) co_return fail(Reason::invalid_state, "the guest has stopped meanwhile");
    // The next daemon would take an old one for that of this save.
    domain->image.outdate();
    if (auto aside = co_await set_image_aside(domain); !aside) co_return aside;
    if (is_over()) co_return fail(Reason::invalid_state, "the guest has stopped meanwhile");
    // Else the next daemon takes it for one that somebody has sent to sleep.
    if (auto noted = co_await note_life(core_, domain, Held::saving); !noted) co_return noted;
    if (is_over()) co_return fail(Reason::invalid_state, "the guest has stopped meanwhile");
    auto saved = co_await save_patiently(domain, *std::move(head), std::move(path), std::move(operation));
    if (saved) core_.timeline.phase(*domain, "image written");
    if (saved) co_return saved;
    if (is_over()) co_return fail(Reason::invalid_state, "the guest has stopped meanwhile");
    // Nobody follows it once the daemon has ended: the next one does, should it suspend itself after that.
    if (!core_.stopping) co_await note_or_warn(core_, domain, "that it goes on");
    co_return saved;
}

/// A guest that is booting may forget that it was asked to suspend itself, and Xen cannot tell that it is: so
/// it is asked again.
Task<Result<>> Guests::save_patiently(DomainRef domain, ImageHead head, std::filesystem::path path,
                                      Operation operation) {
    const auto life = domain->life->id;
    for (unsigned left = limits::save_attempts;;) {
        operation.tell_stage(Stage::asking_guest);
        auto saved = co_await core_.hypervisor.save(domain->life->domid, head, path, operation);
        const bool too_early = !saved && saved.error().reason == Reason::timed_out;
        const bool is_over = !domain->life || domain->life->id != life;
        if (!too_early || is_over || --left == 0 || operation.cancel.cancelled()) co_return saved;
        core_.timeline.phase(*domain, "asked again to suspend itself");
    }
}

/// The image stands: whatever the operation that asked for it has become, the guest must not go on.
Task<Result<>> Guests::remove_saved(DomainRef domain) {
    const Bounded bounded(core_, limits::destroy_deadline);
    // Half taken apart it cannot go on. Of one with a managed image the next daemon knows that by the image.
    if (!domain->image) co_await note_or_warn(core_, domain, "that it is saved", Held::ending);
    auto removed = co_await remove_stopped(domain, bounded.operation());
    if (!removed) {
        removed.error().message =
            "it is saved, but its suspended guest cannot be removed: " + removed.error().message;
        co_return removed;
    }
    core_.end_life(domain, domain::ShutoffReason::saved, domain::Stopped::saved);
    co_return co_await forget(domain);
}

Task<Result<>> Guests::restore(DomainRef domain, Definition definition, KnownImage image,
                               StartOptions options, Operation operation) {
    if (auto aside = co_await set_image_aside(domain); !aside) co_return aside;
    if (auto free = require_free(*domain, definition); !free) co_return free;
    domain->short_lives = 0;
    const Making making(core_, domain, std::move(definition));
    auto restored = co_await bring_up(domain, options, std::move(image), operation);
    if (restored) co_await ask_for_vcpus(domain, options.vcpus_online, std::move(operation));
    co_return restored;
}

Task<Result<>> Guests::start_from_image(DomainRef domain, StartOptions options, Operation operation) {
    const auto path = core_.store.image_path(domain->uuid);
    operation.tell_stage(Stage::looking_at_files);
    auto head = co_await core_.hypervisor.read_image(path);
    if (!head) co_return std::unexpected(std::move(head.error()));
    if (head->definition.uuid != domain->uuid)
        co_return fail(Reason::operation_failed, "'{}' is the image of another domain", path.string());
    if (domain->life || domain->image.is_outdated())
        co_return fail(Reason::invalid_state, "another tool has started it meanwhile");
    options.paused = options.paused || head->paused;
    domain->short_lives = 0;
    const Making making(core_, domain, std::move(head->definition));
    KnownImage image{path, std::move(head->bytes)};
    auto started = co_await bring_up(domain, options, std::move(image), operation);
    if (started) co_await ask_for_vcpus(domain, head->vcpus_online, std::move(operation));
    co_return started;
}

/// Its device model was to begin with all that it had when the guest was saved. The guest goes on with those
/// that it had; it is asked so that it finds no others, and that it may be asked for more later.
Task<> Guests::ask_for_vcpus(DomainRef domain, unsigned vcpus, Operation operation) {
    if (vcpus == 0 || !domain->life) co_return;
    const auto life = domain->life->id;
    const auto asked = co_await core_.hypervisor.set_vcpus(domain->life->domid, vcpus, std::move(operation));
    if (!domain->life || domain->life->id != life) co_return;
    if (!asked) {
        log::warning("domain '{}' goes on, and may take {} vCPUs instead of {}: {}", domain->name,
                     domain->life->definition.vcpus, vcpus, asked.error().message);
        co_return;
    }
    domain->life->definition.vcpus = vcpus;
    co_await note_change(core_, domain, "how many vCPUs it has");
}

Task<Result<>> Guests::change_image(std::filesystem::path path, ImageChange change, Operation operation) {
    auto head = co_await core_.hypervisor.read_image(path);
    if (!head) co_return std::unexpected(std::move(head.error()));
    if (auto good = check_instead(head->definition, change.definition); !good) co_return good;
    KnownImage image{std::move(path), head->bytes};
    auto changed = redefined(*std::move(head), std::move(change.definition));
    changed.paused = change.paused.value_or(changed.paused);
    co_return co_await core_.hypervisor.rewrite_image(std::move(image), std::move(changed),
                                                      std::move(operation));
}

Task<Result<>> Guests::change_managed_image(DomainRef domain, ImageChange change, Operation operation) {
    if (!domain->image) co_return fail(Reason::invalid_state, "it has no managed save image");
    co_return co_await change_image(core_.store.image_path(domain->uuid), std::move(change),
                                    std::move(operation));
}

Task<Result<>> Guests::remove_image(DomainRef domain) {
    if (!domain->image) co_return fail(Reason::invalid_state, "it has no managed save image");
    auto removed = co_await core_.store.remove_image(domain->uuid);
    if (removed) domain->image.goes();
    co_return removed;
}

Task<Result<>> Guests::drop_image(DomainRef domain) {
    const auto removed = co_await core_.store.remove_image(domain->uuid);
    if (removed)
        domain->image.goes();
    else
        log::warning("the image of domain '{}' is used up and cannot be removed: {}", domain->name,
                     removed.error().message);
    co_return Result<>{};
}

Task<Result<>> Guests::drop_image_of_running(DomainRef domain) {
    if (!domain->life) co_return Result<>{};
    co_return co_await drop_image(domain);
}

Task<Result<>> Guests::set_image_aside(DomainRef domain) {
    if (!domain->image.is_outdated()) co_return Result<>{};
    log::warning(
        "domain '{}' has run since it was saved, or may have: what was saved is set aside, beside '{}'",
        domain->name, core_.store.image_path(domain->uuid).string());
    const auto aside = co_await core_.store.set_image_aside(domain->uuid);
    if (aside) domain->image.goes();
    if (aside) co_return aside;
    co_return fail(aside.error().reason, "its image cannot be set aside, and is older than its disks: {}",
                   aside.error().message);
}

/// Its guest has ended. If that has never run, what it was restored from is what there is of it.
Task<> Guests::settle_image(DomainRef domain) {
    if (!domain->image) co_return;
    if (!domain->image.is_outdated()) co_return co_await take_image_back(domain);
    const auto aside = co_await set_image_aside(domain);
    if (!aside) log::error("domain '{}': {}", domain->name, aside.error().message);
}

Task<Result<>> Guests::keep_image(DomainRef domain) {
    co_await settle_image(domain);
    co_return Result<>{};
}

Task<> Guests::take_image_back(DomainRef domain) {
    const auto taken = co_await core_.store.take_image_back(domain->uuid);
    if (taken) co_return;
    domain->image.goes();
    log::error("what was saved of domain '{}' stays beside '{}': {}", domain->name,
               core_.store.image_path(domain->uuid).string(), taken.error().message);
}

Task<Result<>> Guests::settle_suspended(DomainRef domain, hypervisor::LifeId life, Operation operation) {
    if (!domain->life || domain->life->id != life) co_return Result<>{};
    const Changing changing(core_, domain);
    auto settled = domain->image
                       ? co_await remove_saved(domain)
                       : co_await core_.hypervisor.resume(domain->life->domid, std::move(operation));
    if (!domain->life || domain->life->id != life) co_return settled;
    if (!settled) {
        domain->life->unfinished = true;  // it is seen as what it is now
        co_return settled;
    }
    domain->life->stopped.reset();
    // One that somebody had paused before it could run again stays paused.
    if (domain->status.state != State::paused) domain->status = domain::RunningReason::save_canceled;
    co_await note_or_warn(core_, domain, "that it goes on");
    co_return settled;
}

Task<Result<>> Guests::take_back_save(DomainRef domain) {
    if (!domain->life) co_return Result<>{};
    const auto life = domain->life->id;
    const Changing changing(core_, domain);
    co_await core_.hypervisor.take_back_save(domain->life->domid);
    if (!domain->life || domain->life->id != life) co_return Result<>{};
    co_return co_await note_that_it_stays(domain);
}

}  // namespace virtlight::manager
