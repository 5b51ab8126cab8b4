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
/// reason.
namespace virtlight::manager {

/// The domain has a guest that can be asked for something.
Result<> require_guest(const Domain& domain);
/// The same, and it runs: as it must to suspend itself.
Result<> require_running(const Domain& domain);
/// In the middle of an operation the hypervisor knows the domain no more: a look will say what became of it.
Result<> without_guest(Result<> result);

/// Why the guest is held, if it is, for the next daemon. `domain` has a life.
Held held_for(const Domain& domain);
/// Whether there has been a note of its life: not of one of ours whose very start could not be noted.
bool was_ever_noted(const Domain& domain);
/// Writes down what has changed of a life: of another tool's guest only why it is held, while it is.
async::Task<Result<>> note_life(Core& core, DomainRef domain, Held held = Held::no);
/// What was about to happen to the guest, if that is what the store says, is not to be gone by any more.
async::Task<Result<>> note_as_it_is(Core& core, DomainRef domain);
/// The same where the guest has changed already, whatever can be written: a failure is logged. `what` is a
/// literal.
async::Task<> note_or_warn(Core& core, DomainRef domain, std::string_view what, Held held = Held::no);

/// The same of a change that has nothing to do with why the guest is held, which stays.
async::Task<> note_change(Core& core, DomainRef domain, std::string_view what);

/// From here on no client may abort the domain's job, as its guest goes; who wants it off still can.
void finish_in_any_case(Domain& domain);
bool is_to_be_finished(const Domain& domain);
/// What the domain's job is at, also where it has begun an operation of its own for that.
void tell_stage(Domain& domain, hypervisor::Stage stage);

/// Whether a guest can go on from its image with this definition instead of that of its head, which can be
/// read back then. As domain::check_same_guest() and domain::check_length().
Result<> check_instead(const domain::Definition& saved, const domain::Definition& wanted);
/// Whether a domain may be started from this definition, and not from what is stored of it. invalid_state;
/// domain_exists: it was renamed meanwhile.
Result<> require_free(const Domain& domain, const domain::Definition& definition);

/// At which boots of the host a domain is started with it.
enum class Autostart { each_boot, next_boot };

/// Those that change what is stored.
class Definitions {
 public:
    explicit Definitions(Core& core) : core_(core) {}

    async::Task<Result<>> define(DomainRef domain, domain::Definition definition);
    /// `with_image`: what was saved of it goes, too; otherwise there must be nothing.
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

    /// With the stored definition; or from where it was saved, if it was.
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
    /// From this image and no other, with a definition that may be another one than its own.
    async::Task<Result<>> restore(DomainRef domain, domain::Definition definition,
                                  hypervisor::KnownImage image, StartOptions options,
                                  hypervisor::Operation operation);
    async::Task<Result<>> remove_image(DomainRef domain);
    async::Task<Result<>> change_image(std::filesystem::path path, ImageChange change,
                                       hypervisor::Operation operation);
    async::Task<Result<>> change_managed_image(DomainRef domain, ImageChange change,
                                               hypervisor::Operation operation);
    /// Its guest runs: what was saved of it is old.
    async::Task<Result<>> drop_image(DomainRef domain);
    /// The same, unless a job that has come before has ended the guest: what was saved is kept beside then.
    async::Task<Result<>> drop_image_of_running(DomainRef domain);
    /// The same of an image that is outdated, but by whom and from what its guest runs, or whether it has, is
    /// not known: the file is kept beside. A job that has come before may have written a new one.
    async::Task<Result<>> set_image_aside(DomainRef domain);
    /// Of a guest that has not run and is not about to: what was saved of it stands, also if it was set
    /// aside.
    async::Task<Result<>> keep_image(DomainRef domain);
    /// Of a guest that was being saved when the daemon was killed: removes it if its image is whole, and lets
    /// it go on if not.
    async::Task<Result<>> settle_suspended(DomainRef domain, hypervisor::LifeId life,
                                           hypervisor::Operation operation);
    /// The same of one that has not suspended itself yet: it is asked no more.
    async::Task<Result<>> take_back_save(DomainRef domain);
    /// Of a guest that was paused only for a while.
    async::Task<Result<>> go_on(DomainRef domain);
    /// Of a guest that was resetting itself softly when the daemon was killed, and waits to be let run: where
    /// Xen has it reset by half, another one is started with this definition.
    async::Task<Result<>> go_on_from_reset(DomainRef domain, domain::Definition again,
                                           hypervisor::Operation operation);
    /// A domain that has ended since this was asked for is no failure.
    async::Task<Result<>> destroy(DomainRef domain, domain::ShutoffReason reason,
                                  hypervisor::Operation operation);

    /// It was about to be destroyed, and is not.
    async::Task<Result<>> note_that_it_stays(DomainRef domain);

    /// Destroys what a guest has left in this life, and starts it anew if that is to be. Does nothing if the
    /// life is over already.
    async::Task<Result<>> after_stop(DomainRef domain, hypervisor::LifeId life, Ending ending,
                                     hypervisor::Operation operation);
    /// Destroys the guest, if there is one, and starts another one with this definition.
    async::Task<Result<>> start_anew(DomainRef domain, domain::Definition again, Anew how,
                                     hypervisor::Operation operation);
    /// Another tool has removed its guest: what that had of the host is given back.
    async::Task<Result<>> clear_away(DomainRef domain, Lent lent);
    /// The store need not remember the life that is over; but where it is to start anew and the daemon stops,
    /// or where something half made may be left, the next one is to know.
    async::Task<Result<>> forget(DomainRef domain);

 private:
    /// From an image, or by booting if there is no path.
    async::Task<Result<>> connect_to_networks(DomainRef domain, hypervisor::Operation operation);
    async::Task<Result<>> bring_up(DomainRef domain, StartOptions options, hypervisor::KnownImage image,
                                   hypervisor::Operation operation);
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
