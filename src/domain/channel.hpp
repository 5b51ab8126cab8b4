// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <vector>

#include "base/result.hpp"
#include "domain/definition.hpp"

namespace virtlight::domain {

/// A console that is known by its name, and carries an agent's bytes.
inline bool is_channel(const Console& console) {
    return console.target == Console::Target::channel;
}

/// Adds a channel behind the other consoles, with the next port. unsupported_config: it has no name, or
/// another one of the guest has it, or there are too many, or its socket is no absolute path.
Result<> add_channel(std::vector<Console>& consoles, Console channel);

}  // namespace virtlight::domain
