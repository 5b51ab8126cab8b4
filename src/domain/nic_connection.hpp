// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "domain/nic.hpp"

namespace virtlight::domain {

/// What a NIC is connected to, in the words of Xen's tools. Each may be empty: their default.
struct NicConnection {
    std::string bridge{};  ///< of an Open vSwitch "BRIDGE.TAG:TRUNK:TRUNK"
    std::string script{};
    std::string addresses{};  ///< with blanks between them
};

NicConnection connection_of(const Nic& nic);

/// A NIC without a bridge is on Xen's default one, if its script needs one. Numbers of VLANs that are none
/// become 0.
void connect(Nic& nic, const NicConnection& connection);

/// Whether it is Xen's script for ports of an Open vSwitch, by its name alone or with its path.
bool is_openvswitch_script(std::string_view script);

}  // namespace virtlight::domain
