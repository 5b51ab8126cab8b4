// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <mutex>

/// What a child of libxl's needs of Xen's libraries must not be locked by a thread that it has not got.
///
/// libxl removes a domain in a child that it forks and that runs no other program: there it opens a handle
/// for hypercalls and makes them. Two locks of the whole process are in the way, either of which another
/// thread may hold at the fork; then the child waits for ever, and with it the removal:
/// - that of all handles' hypercall buffers (libxencall), taken twice a hypercall. A handle that is said to
///   be of one thread takes it not, and a context's is;
/// - that of the list of open handles (libxentoolcore), taken when one is opened or closed. No child is
/// forked
///   meanwhile.
/// Both are reached by definitions of this program's that stand before those of the libraries.
namespace virtlight::xenlight::fork_safety {

/// While it is held no handle of Xen's libraries is opened or closed. Any thread; to be held over a fork, by
/// parent and child.
std::unique_lock<std::mutex> hold_handles();

/// Whether the libraries do come here: not if the program does not export what it defines.
bool is_in_force();

}  // namespace virtlight::xenlight::fork_safety
