// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <functional>
#include <optional>

#include "domain/definition.hpp"

namespace virtlight::simulation {

/// What a client has asked for, as far as it counts for what must hold.
struct Wish {
    enum class Kind {
        define,
        undefine,
        undefine_with_image,
        set_autostart,
        change,
        remove_image,
        start_afresh_paused,
        destroy,
        other
    };

    Kind kind = Kind::other;
    Uuid uuid{};                                     ///< nil: nobody knows yet
    std::optional<domain::Definition> definition{};  ///< of a define
    bool autostart = false;
    std::function<void(domain::Definition&)> change{};  ///< what it makes of a definition
    /// Where it may have happened although it fails: the guest and the store have to agree, and when one
    /// refuses, the other may refuse to go back.
    enum class Stays { nowhere, stored, in_xen };
    Stays stays = Stays::nowhere;
};

}  // namespace virtlight::simulation
