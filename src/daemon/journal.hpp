// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

namespace virtlight::daemon {

/// Whether the descriptor is the journal's. `stream` is JOURNAL_STREAM of the environment, null without one:
/// device and inode of the journal's socket, also where a shell has sent the descriptor elsewhere meanwhile.
bool goes_to_journal(int fd, const char* stream);

}  // namespace virtlight::daemon
