// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>

#include "base/result.hpp"
#include "libvirt/messages.hpp"

namespace virtlight::libvirt {

/// An error as libvirt's clients know it: the number they test for, and libvirt's opening words before the
/// message. The lines of the layer below follow, one a line. Always UTF-8 that the wire takes.
WireError to_wire(const Error& error);

/// What a client makes of it. Numbers that no Reason stands for become operation_failed.
Error from_wire(const WireError& error);

}  // namespace virtlight::libvirt
