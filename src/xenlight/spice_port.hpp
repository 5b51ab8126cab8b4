// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <utility>

#include "base/file.hpp"
#include "base/result.hpp"

namespace virtlight::xenlight {

/// A TCP port that nobody uses, kept for a SPICE server. libxl and QEMU have no way to choose one for SPICE,
/// and a port that was only seen to be free may be somebody's by then. This one is bound: no other program
/// gets it, and no other SpicePort; but who asks for it by its number, as QEMU does (with SO_REUSEADDR), can
/// listen there. To be dropped when it does.
class SpicePort {
 public:
    /// The first that is free from limits::first_spice_port on. `listen`: an IP address of this host.
    /// operation_failed: there is none, or no such address.
    static Result<SpicePort> take(const std::string& listen);

    unsigned number() const { return number_; }

 private:
    SpicePort(Fd socket, unsigned number) : socket_(std::move(socket)), number_(number) {}

    Fd socket_;
    unsigned number_;
};

}  // namespace virtlight::xenlight
