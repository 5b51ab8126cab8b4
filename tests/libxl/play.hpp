// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <optional>
#include <string>

namespace virtlight::fake {

/// Plays a scenario on a bridge in a process of its own, as a wrong bridge may crash or hang. Empty if there
/// was nothing to complain of; otherwise what there was.
std::string play_in_child(const std::string& bridge, const std::string& scenario);

/// The child's main(), if the arguments are those of one: the exit status.
std::optional<int> play_as_child(int count, char** arguments);

}  // namespace virtlight::fake
