// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "domain/definition.hpp"
#include "domain/event.hpp"
#include "domain/state.hpp"
#include "hypervisor/port.hpp"
#include "manager/held.hpp"

/// What is known of one run of a guest, and what the changes mean that are seen of it. Pure.
namespace virtlight::manager {

/// A guest of which nobody could tell all that it has: when that is asked again.
struct Undescribed {
    bool asked = false;  ///< it is being asked just now
    unsigned tries = 0;  ///< in vain so far
    Time due{};          ///< when the next try is due
};

/// One run of a domain, from when it was made or found until it is gone.
struct Life {
    hypervisor::LifeId id{};
    hypervisor::DomId domid = 0;
    domain::Definition definition{};  ///< what it was started with, and the ttys of its consoles
    bool ours = true;                 ///< made by this daemon; another tool's guest is left to that tool
    std::optional<Held> noted{};      ///< why it is held, as the store says; empty: no note names its domid
    Time since{};
    bool stop_asked = false;     ///< a shutdown was asked for through us, and not taken back
    bool restart_asked = false;  ///< it was asked to power off, to be started anew: a reboot by ACPI
    std::optional<hypervisor::StopReason> stopped{};  ///< as last seen
    bool unfinished = false;     ///< what was to follow its stop was given up: the next look judges it anew
    bool stop_untold = false;    ///< clients are told of its stop only when what is left of it is gone
    bool reset_tried = false;    ///< it was to reset itself softly, which has failed
    bool core_tried = false;     ///< its core was to be kept, and is, or could not be
    bool model_ended = false;    ///< its device model has ended, and clients were told
    std::string awaited_name{};  ///< what Xen calls it, as long as that is another domain's name here
    hypervisor::DomainSeen seen{};  ///< its figures at the last look
    /// Devices that a managed attach has taken from the host for it, and that its definition does not have:
    /// nobody knows whether it has got them, or another tool has made it.
    std::vector<domain::PciAddress> pci_taken{};
    /// A definition of nothing but the devices whose attach was given up, and which may still come. Nobody
    /// else gets what serves them as long as this life lasts, as its end is the only one that is certain.
    /// They are not noted: what would bring them is gone with a daemon that is killed, and the next one asks
    /// Xen which have come.
    std::optional<domain::Definition> may_come{};
    /// Nobody could tell which devices it has when that was asked the last time: the next daemon asks again.
    bool devices_unsure = false;
    /// Set for another tool's guest whose definition is only what Xen sees, and may lack the rest.
    std::optional<Undescribed> undescribed{};
};

/// What is to be done about a guest that has stopped and waits to be destroyed.
struct Ending {
    domain::ShutoffReason reason = domain::ShutoffReason::unknown;
    domain::EventKind told;   ///< the event to publish when it is gone, before it starts anew
    bool restart = false;     ///< it is started anew
    bool dump = false;        ///< its core is kept before it is destroyed
    bool soft_reset = false;  ///< it is to go on in the same domain; only should that fail, the rest is done
};

/// What judge() makes of a look.
struct Verdict {
    domain::Status status{};                  ///< the domain's from now on
    std::vector<domain::EventKind> events{};  ///< to be published now, in this order
    std::optional<Ending> ending{};           ///< set if the guest has stopped and something is to follow
    std::optional<domain::ShutoffReason>
        over{};  ///< set if the life is over; nothing else of this counts then
};

/// What it means that a domain, whose life and status we knew as given, is now `seen` so (null: it is gone).
/// Each happening is judged once: seeing the same again gives no events and no ending.
Verdict judge(const Life& life, domain::Status status, const hypervisor::DomainSeen* seen);

/// Why a guest that is now `seen` so has stopped; empty: it has not. One whose soft reset has failed stays
/// stopped, though Xen may have reset it by half: it is to be started anew.
std::optional<hypervisor::StopReason> stop_of(const Life& life, const hypervisor::DomainSeen& seen);

/// The best reason there is for a guest that is no longer there, by what was last seen of it.
domain::ShutoffReason end_reason(const Life& life);

/// The status of a domain that is seen for the first time. That it has stopped is left to judge().
domain::Status first_status(const hypervisor::DomainSeen& seen);

/// The status of one whose guest has stopped and is left as it is.
domain::Status halted_status(hypervisor::StopReason reason);

/// The event that goes with the end of a life. `reason` is not unknown and not daemon.
domain::Stopped stopped_event(domain::ShutoffReason reason);

/// The event that a guest has stopped and stays as it is.
domain::Lifecycle halted_event(const Life& life, domain::State state);

/// What is said of a guest whose device model has ended.
inline constexpr std::string_view model_ended_words =
    "its device model has ended: its screen and all other devices that it served are gone, and the guest may "
    "hang until it is started anew";

/// How long a guest is held back before it is started anew, after so many short lives in a row.
Duration restart_pause(unsigned short_lives);

/// How long a guest rests before it is described again, after so many tries in vain.
Duration describe_pause(unsigned tries);

}  // namespace virtlight::manager
