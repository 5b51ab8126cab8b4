// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <mutex>

/// Keeps what a forked child of libxl's needs of Xen's libraries from being locked for ever.
///
/// libxl removes a domain in a child that runs no other program: it opens a handle there and makes
/// hypercalls. Two locks of the whole process are in its way. Had another thread held one at the fork, the
/// child would wait for a thread that it has not got, and the removal for the child:
///
/// - The lock of all hypercall buffers (libxencall) is taken twice in a hypercall. Every handle is opened as
///   one thread's own, which a context's is, and takes none.
/// - The lock of the list of open handles (libxentoolcore) is taken when one is opened or closed. No child is
///   forked meanwhile.
///
/// Both by functions of this program's, which the dynamic linker finds before those of the libraries.
namespace virtlight::xenlight::fork_safety {

/// While it is held no handle of Xen's libraries is opened or closed. Any thread; to be held over a fork, by
/// parent and child.
std::unique_lock<std::mutex> hold_handles();

/// Whether the libraries do come here: not if the program does not export what it defines.
bool is_in_force();

}  // namespace virtlight::xenlight::fork_safety
