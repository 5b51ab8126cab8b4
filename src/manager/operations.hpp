// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <optional>
#include <string_view>
#include <vector>

#include "async/task.hpp"
#include "manager/core.hpp"
#include "manager/host_device_use.hpp"

/// What the jobs on a domain do. Each runs in its turn, as the domain's only job, and fails with the bare
/// reason, before which Jobs puts the operation and the domain. Guests has its members in several files:
/// guests.cpp, start.cpp, restarting.cpp, controls.cpp, saving.cpp and dumping.cpp.
namespace virtlight::manager {

/// The domain has a guest that can be asked for something.
Result<> require_guest(const Domain& domain);
/// The same, and that guest is running, as it must be to suspend itself.
Result<> require_running(const Domain& domain);
/// Turns the failure that the hypervisor has no such domain into one that says that the domain does not run:
/// it is still known here, and a look will show what became of it.
Result<> without_guest(Result<> result);

/// What the store says, for the next daemon, of why the guest is held. `domain` has a life.
Held held_for(const Domain& domain);
/// Whether its life was ever noted under its domid: not so one of ours whose very start could not be.
bool was_ever_noted(const Domain& domain);
/// Writes the note of the domain's life into the store, with why it is held. Of another tool's guest there is
/// one only while it is held, or may get a device whose attach was given up; it is removed otherwise. Does
/// nothing without a life.
async::Task<Result<>> note_life(Core& core, DomainRef domain, Held held = Held::no);
/// Writes that the guest is not held, if the store says that it is: the next daemon is not to go by that.
async::Task<Result<>> note_as_it_is(Core& core, DomainRef domain);
/// As note_life(), where the guest has changed already: a failure is only logged, "WHAT cannot be noted".
/// `what` is a literal.
async::Task<> note_or_warn(Core& core, DomainRef domain, std::string_view what, Held held = Held::no);

/// The same for a change that has nothing to do with why the guest is held: that is noted as before.
async::Task<> note_change(Core& core, DomainRef domain, std::string_view what);

/// From here on no client may abort the domain's job, as its guest is being removed. A destroy still ends it.
void finish_in_any_case(Domain& domain);
bool is_to_be_finished(const Domain& domain);
/// Tells what the domain's job is at, also while it works in an operation of its own (Bounded).
void tell_stage(Domain& domain, hypervisor::Stage stage);

/// Whether a guest can go on from its image with this definition instead of that of its head, which can be
/// read back then. As domain::check_same_guest() and domain::check_length().
Result<> check_instead(const domain::Definition& saved, const domain::Definition& wanted);
/// Whether a domain may be started with this definition instead of the stored one. invalid_state: it runs, or
/// has a managed image; domain_exists: it was renamed meanwhile.
Result<> require_free(const Domain& domain, const domain::Definition& definition);

/// At which boots of the host a domain is started with it.
enum class Autostart { each_boot, next_boot };

/// Those that change what is stored.
class Definitions {
 public:
    explicit Definitions(Core& core) : core_(core) {}

    async::Task<Result<>> define(DomainRef domain, domain::Definition definition);
    /// `with_image`: its managed image goes, too. Without, invalid_state if it has one.
    async::Task<Result<>> undefine(DomainRef domain, bool with_image);
    async::Task<Result<>> set_autostart(DomainRef domain, Autostart at, bool autostart);
    async::Task<Result<>> set_metadata(DomainRef domain, domain::Metadata metadata, Affects asked);
    async::Task<Result<>> set_lifecycle_action(DomainRef domain, LifecycleChange change, Affects asked);

 private:
    Core& core_;
};

/// Those that change what runs.
class Guests {
 public:
    explicit Guests(Core& core) : core_(core) {}

    /// From the managed image, if there is one and options.fresh does not drop it; else with the stored
    /// definition.
    async::Task<Result<>> start(DomainRef domain, StartOptions options, hypervisor::Operation operation);
    async::Task<Result<>> create(DomainRef domain, domain::Definition definition, StartOptions options,
                                 hypervisor::Operation operation);
    async::Task<Result<>> suspend(DomainRef domain, hypervisor::Operation operation);
    async::Task<Result<>> resume(DomainRef domain, hypervisor::Operation operation);
    async::Task<Result<>> shutdown(DomainRef domain, std::optional<hypervisor::ShutdownMethod> method,
                                   hypervisor::Operation operation);
    async::Task<Result<>> reboot(DomainRef domain, std::optional<hypervisor::ShutdownMethod> method,
                                 hypervisor::Operation operation);
    async::Task<Result<>> reset(DomainRef domain, hypervisor::Operation operation);
    async::Task<Result<>> inject_nmi(DomainRef domain, hypervisor::Operation operation);
    async::Task<Result<>> send_keys(DomainRef domain, hypervisor::KeyPress press,
                                    hypervisor::Operation operation);
    async::Task<Result<>> sleep(DomainRef domain, hypervisor::Operation operation);
    async::Task<Result<>> wake(DomainRef domain, hypervisor::Operation operation);
    async::Task<Result<>> dump_core(DomainRef domain, std::filesystem::path path, DumpOptions options,
                                    hypervisor::Operation operation);
    async::Task<Result<>> save(DomainRef domain, std::filesystem::path path, SaveOptions options,
                               hypervisor::Operation operation);
    async::Task<Result<>> managed_save(DomainRef domain, SaveOptions options,
                                       hypervisor::Operation operation);
    /// From this image and no other; the definition may be another one than the image's.
    async::Task<Result<>> restore(DomainRef domain, domain::Definition definition,
                                  hypervisor::KnownImage image, StartOptions options,
                                  hypervisor::Operation operation);
    async::Task<Result<>> remove_image(DomainRef domain);
    async::Task<Result<>> change_image(std::filesystem::path path, ImageChange change,
                                       hypervisor::Operation operation);
    async::Task<Result<>> change_managed_image(DomainRef domain, ImageChange change,
                                               hypervisor::Operation operation);

    // The managed image

    /// Removes it, as the guest runs on from it. That it cannot be removed is logged, and no failure.
    async::Task<Result<>> drop_image(DomainRef domain);
    /// The same, unless an earlier job has ended the guest meanwhile: then the file is kept.
    async::Task<Result<>> drop_image_of_running(DomainRef domain);
    /// Sets it aside if it is outdated: its guest has, or may have, run since by another tool's doing, so
    /// that the file is nobody's next start, but may be all that is left. An earlier job may have written a
    /// new one, which is left alone.
    async::Task<Result<>> set_image_aside(DomainRef domain);
    /// Makes an image that was set aside the managed one again, as its guest has not run and is not about to;
    /// unless it is outdated.
    async::Task<Result<>> keep_image(DomainRef domain);

    // What a daemon that was killed has left

    /// Settles a guest that has suspended itself for a save: removes it if its image is whole, else lets it
    /// go on.
    async::Task<Result<>> settle_suspended(DomainRef domain, hypervisor::LifeId life,
                                           hypervisor::Operation operation);
    /// Settles a guest that was being saved and has not suspended itself yet: it is not asked to any more.
    async::Task<Result<>> take_back_save(DomainRef domain);
    /// Lets a guest run that was paused only for its dump.
    async::Task<Result<>> go_on(DomainRef domain);
    /// Lets a guest run that was resetting itself softly. Where Xen has it reset by half, another one is
    /// started with the definition `again`.
    async::Task<Result<>> go_on_from_reset(DomainRef domain, domain::Definition again,
                                           hypervisor::Operation operation);
    // Ends

    /// A domain that has ended since this was asked for is no failure.
    async::Task<Result<>> destroy(DomainRef domain, domain::ShutoffReason reason,
                                  hypervisor::Operation operation);

    /// Notes that a guest stays that was noted as about to be destroyed. A failure is only logged.
    async::Task<Result<>> note_that_it_stays(DomainRef domain);

    /// Destroys what a guest has left in this life, and starts it anew if that is to be. Does nothing if the
    /// life is over already.
    async::Task<Result<>> after_stop(DomainRef domain, hypervisor::LifeId life, Ending ending,
                                     hypervisor::Operation operation);
    /// Destroys the guest, if there is one, and starts another one with this definition.
    async::Task<Result<>> start_anew(DomainRef domain, domain::Definition again, Anew how,
                                     hypervisor::Operation operation);
    /// Gives back to the host what a guest had of it that another tool has removed.
    async::Task<Result<>> clear_away(DomainRef domain, Lent lent);
    /// Removes the note of a life that is over. It stays where the next daemon is to act on it: if this one
    /// stops while the domain is to start anew, if its outdated image could not be set aside, or if something
    /// half made may be left in Xen.
    async::Task<Result<>> forget(DomainRef domain);

 private:
    /// Has a guest made and run: from an image or, if that has no path, by booting it.
    async::Task<Result<>> bring_up(DomainRef domain, StartOptions options, hypervisor::KnownImage image,
                                   hypervisor::Operation operation);
    async::Task<Result<StoredLife>> prepare(DomainRef domain, hypervisor::Operation operation);
    async::Task<Result<>> connect_to_networks(DomainRef domain, hypervisor::Operation operation);
    void begin_life(const DomainRef& domain, domain::Definition definition, hypervisor::Created made,
                    bool restored);
    async::Task<Result<>> undo_start(DomainRef domain, domain::Started how, Result<> running);
    async::Task<Result<hypervisor::Created>> make(const domain::Definition& definition,
                                                  const hypervisor::KnownImage& image,
                                                  hypervisor::Operation operation);
    async::Task<Result<>> start_from_image(DomainRef domain, StartOptions options,
                                           hypervisor::Operation operation);
    async::Task<Result<>> write_image(DomainRef domain, std::filesystem::path path, SaveOptions options,
                                      hypervisor::Operation operation);
    async::Task<Result<hypervisor::ImageHead>> head_of(DomainRef domain, SaveOptions options,
                                                       async::CancelToken cancel);
    async::Task<> ask_for_vcpus(DomainRef domain, unsigned vcpus, hypervisor::Operation operation);
    async::Task<Result<>> save_patiently(DomainRef domain, hypervisor::ImageHead head,
                                         std::filesystem::path path, hypervisor::Operation operation);
    async::Task<Result<>> remove_saved(DomainRef domain);
    async::Task<> settle_image(DomainRef domain);
    async::Task<> take_image_back(DomainRef domain);
    async::Task<> settle_unmade(DomainRef domain, StoredLife intent, Reason why);
    async::Task<> note_half_made(DomainRef domain, StoredLife intent);
    async::Task<bool> may_be_there(Uuid uuid);
    async::Task<Result<>> require_still_free(DomainRef domain, hypervisor::Operation operation);
    async::Task<Result<>> let_run(DomainRef domain, StartOptions options, hypervisor::Operation operation);
    async::Task<Result<>> ready_to_run(DomainRef domain);
    async::Task<> hold_again(DomainRef domain, Held held);
    async::Task<Result<>> unpause(DomainRef domain, hypervisor::Operation operation);
    async::Task<Result<>> make_sure(DomainRef domain, Result<> let_run);
    enum class Ran { no, yes, unknown };
    async::Task<Ran> has_run(DomainRef domain);
    async::Task<Result<>> tear_down(DomainRef domain);
    async::Task<Result<>> start_after(DomainRef domain, domain::Definition again, Ending ending,
                                      hypervisor::Operation operation);
    async::Task<bool> note_that_it_starts_anew(DomainRef domain, hypervisor::Operation operation);
    async::Task<> note_restart(DomainRef domain, bool started);
    async::Task<bool> hold_back(DomainRef domain, std::string_view what, hypervisor::Operation operation);
    async::Task<Result<>> end_guest(DomainRef domain, hypervisor::Operation operation);
    async::Task<Result<>> remove_guest(DomainRef domain, hypervisor::Operation operation);
    async::Task<Result<>> take_apart(DomainRef domain, hypervisor::Operation operation);
    async::Task<Result<>> take_apart_again(DomainRef domain, hypervisor::Operation operation);
    async::Task<> give_back_all(DomainRef domain, Lent lent);
    async::Task<Result<>> remove_stopped(DomainRef domain, hypervisor::Operation operation);
    async::Task<Result<>> press_to_reboot(DomainRef domain, hypervisor::Operation operation);
    void tell_that_it_stays(const DomainRef& domain);
    void tell_not_restarted(const DomainRef& domain, const hypervisor::Operation& operation);
    async::Task<Result<>> reset_softly(DomainRef domain, hypervisor::Operation operation);
    async::Task<Result<>> soft_reset(DomainRef domain, hypervisor::Operation operation);
    async::Task<Result<>> settle_reset(DomainRef domain);
    async::Task<Result<>> unpause_in_any_case(DomainRef domain);
    async::Task<> keep_core(DomainRef domain, hypervisor::Operation operation);
    async::Task<Result<>> hold_for_dump(DomainRef domain, hypervisor::LifeId life,
                                        hypervisor::Operation operation, std::optional<Changing>& held);
    async::Task<Result<>> end_as_crashed(DomainRef domain, bool held, hypervisor::Operation operation);
    async::Task<Result<>> pause_for_dump(DomainRef domain, hypervisor::Operation operation);

    Core& core_;
};

}  // namespace virtlight::manager
