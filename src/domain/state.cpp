// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/state.hpp"

namespace virtlight::domain {

std::string_view to_string(State state) {
    switch (state) {
        case State::no_state: return "no state";
        case State::running: return "running";
        case State::blocked: return "blocked";
        case State::paused: return "paused";
        case State::shutdown: return "in shutdown";
        case State::shutoff: return "shut off";
        case State::crashed: return "crashed";
        case State::pm_suspended: return "pmsuspended";
    }
    return "unknown";
}

}  // namespace virtlight::domain
