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

/// What the changes that one sees of a guest mean. Pure.
namespace virtlight::manager {

/// How it stands with a guest of which nobody could tell all that it has.
struct Undescribed {
    bool asked = false;  ///< is being described again, just now
    unsigned tries = 0;  ///< in vain
    Time due{};          ///< of the next one
};

/// One run of a domain, from when it was made or found until it is gone.
struct Life {
    hypervisor::LifeId id{};
    hypervisor::DomId domid = 0;
    domain::Definition definition{};  ///< what it was started with, and the ttys of its consoles
    bool ours = true;                 ///< made by this daemon; another tool's guest is left to that tool
    std::optional<Held> noted{};      ///< what the store says of it; empty: nothing that names its domid
    Time since{};
    bool stop_asked = false;     ///< a shutdown was asked for through us, and not taken back
    bool restart_asked = false;  ///< to reboot, it was asked to power off
    std::optional<hypervisor::StopReason> stopped{};  ///< as last seen
    bool unfinished = false;        ///< what was to follow that has been given up: it is judged anew
    bool stop_untold = false;       ///< clients are told when what is left of it is gone
    bool core_tried = false;        ///< its core was to be kept, and is, or could not be
    bool model_ended = false;       ///< its device model has, and clients were told
    std::string awaited_name{};     ///< what Xen calls it, as long as that is another domain's name here
    hypervisor::DomainSeen seen{};  ///< its figures at the last look
    /// Taken from the host for it by a managed attach, where its definition does not tell that, as nobody
    /// knows whether it has got them, or where another tool has made it.
    std::vector<domain::PciAddress> pci_taken{};
    /// Nothing but the devices whose attach was given up, and which may still come: nobody else gets what
    /// serves them as long as it lives, as that is the one end that is certain. They are not noted: who would
    /// make them come is gone with a daemon that is killed, and the next one asks Xen which have.
    std::optional<domain::Definition> may_come{};
    /// Of another tool's: its definition is not known to be all of it.
    std::optional<Undescribed> undescribed{};
};

/// What is to be done about a guest that has stopped and waits to be destroyed.
struct Ending {
    domain::ShutoffReason reason = domain::ShutoffReason::unknown;
    domain::EventKind told;  ///< when it is gone, and before it starts anew
    bool restart = false;
    bool dump = false;        ///< its core is to be kept before
    bool soft_reset = false;  ///< it is to go on as it is; should that fail, the rest holds
};

struct Verdict {
    domain::Status status{};
    std::vector<domain::EventKind> events{};  ///< to be told now, in this order
    std::optional<Ending> ending{};
    std::optional<domain::ShutoffReason> over{};  ///< the life is; nothing else of this counts then
};

/// What it means that a domain, whose life and status we knew as given, is now `seen` so (null: it is gone).
/// Each happening is judged once: seeing the same again gives no events and no ending.
Verdict judge(const Life& life, domain::Status status, const hypervisor::DomainSeen* seen);

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
