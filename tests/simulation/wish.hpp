// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

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
        remove_image,
        start_paused,
        destroy,
        other
    };

    Kind kind = Kind::other;
    Uuid uuid{};                                     ///< nil: nobody knows yet
    std::optional<domain::Definition> definition{};  ///< of a define
    bool autostart = false;
};

}  // namespace virtlight::simulation
