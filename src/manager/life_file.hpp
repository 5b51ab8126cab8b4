// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "manager/store.hpp"

/// The file of a life: its definition, and before that a line that is a comment of XML, which says what a
/// definition cannot or does not keep when it is read: the domid, why the guest is held, whose it is, the
/// ttys of its consoles and the port of its VNC server. Pure.
///
///     <!-- virtlight: domid 3 dumping /dev/pts/4 - vnc:5901 -->
namespace virtlight::manager {

std::string format_life(const StoredLife& life);

/// invalid_argument: there is no such line, or no definition behind it.
Result<StoredLife> parse_life(std::string_view text);

}  // namespace virtlight::manager
