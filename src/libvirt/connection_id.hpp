// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "base/ids.hpp"

namespace virtlight::libvirt {

/// A client's connection, and with it the client.
using ConnectionId = Id<struct ConnectionTag>;

}  // namespace virtlight::libvirt
