// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "manager/store.hpp"

/// The file of a life: its definition, and before that a line that is a comment of XML, which says what a
/// definition cannot or does not keep when it is read: the domid, why the guest is held, whose it is, whether
/// it is to start anew, the ttys of its consoles, the ports of its VNC and SPICE servers, where USB devices
/// were found by what they are, how many lives before have been short, since when it lives, and the boot of
/// the host that it belongs to. Pure.
///
///     <!-- virtlight: domid 3 dumping /dev/pts/4 - vnc:5901 boot:0b9f5b0e-5e0a-4f6e-9d7c-0f3f5a1c2d3e -->
namespace virtlight::manager {

/// `boot`: a word for the boot of the host; empty: nobody knows.
std::string format_life(const StoredLife& life, std::string_view boot);

/// `boot`: which boot it is now; a life of another one is over. invalid_argument: there is no such line, or
/// no definition behind it.
Result<StoredLife> parse_life(std::string_view text, std::string_view boot);

}  // namespace virtlight::manager
