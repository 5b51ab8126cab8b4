// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

namespace virtlight::manager {

/// Why a guest is as it is, where Xen cannot tell: noted for the next daemon, should this one be killed.
enum class Held {
    no,
    starting,   ///< it was about to be let run; that it has, nobody notes
    saving,     ///< it suspends itself for its image to be written
    dumping,    ///< it is paused while its core is dumped
    resetting,  ///< it is paused when another kernel has taken its place
    devices,    ///< its devices are being changed
    ending,     ///< it is being destroyed
};

}  // namespace virtlight::manager
