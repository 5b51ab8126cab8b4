// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

namespace virtlight::daemon {

/// Lets the daemon have as many descriptors as the system allows: every client, console and log takes one,
/// and the usual 1024 would end at some hundred guests. Children get that again (xenlight/children.cpp). A
/// system that refuses is only reported.
void raise_descriptor_limit();

}  // namespace virtlight::daemon
