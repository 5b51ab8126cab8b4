// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

namespace virtlight::manager {

// What is noted of a guest for the next daemon, should this one be killed.

/// Why a guest is paused, suspended or half changed, where Xen cannot tell.
enum class Held {
    no,         ///< it is not, or somebody wanted it so
    starting,   ///< it was about to be let run; that it has, nobody notes
    saving,     ///< it suspends itself for its image to be written
    dumping,    ///< it is paused while its core is dumped
    resetting,  ///< it resets itself softly: it is paused once another kernel has taken its place
    devices,    ///< its devices are being changed
    ending,     ///< it is being destroyed
};

/// How a guest is started anew.
struct Anew {
    bool as_it_was = false;  ///< with the definition that it ran with, whatever is stored by now
    bool paused = false;     ///< and is left paused

    bool operator==(const Anew&) const = default;
};

}  // namespace virtlight::manager
