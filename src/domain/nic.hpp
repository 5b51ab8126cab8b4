// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "domain/mac_address.hpp"

namespace virtlight::domain {

enum class GuestType;

/// The model of a NIC that has nothing but its vif.
inline constexpr std::string_view paravirtual_nic = "netfront";

/// That of Xen's tools for a NIC that names neither a bridge nor a script of its own.
inline constexpr std::string_view default_bridge = "xenbr0";

inline constexpr unsigned last_vlan = 4094;

/// How a port of an Open vSwitch carries VLANs, each 1 to last_vlan.
struct OpenVswitch {
    std::optional<unsigned> tag{};  ///< of the guest's frames that have none
    std::vector<unsigned> trunk{};  ///< those that the guest tags itself

    bool operator==(const OpenVswitch&) const = default;
};

/// A network interface of a guest: a vif of Xen's, which a hotplug script in the backend domain connects.
struct Nic {
    enum class Kind {
        bridge,    ///< a port of `bridge`
        ethernet,  ///< whatever its script makes of it, e.g. vif-route
        network    ///< a port of the bridge of `network`, which is looked up at each start
    };

    MacAddress mac{};  ///< no other NIC of the guest has it
    /// Xen's number of it in its guest: that of its vif and of its place in xenstore. Stays while the guest
    /// runs.
    unsigned devid = 0;
    Kind kind = Kind::bridge;
    std::string network{};                     ///< of Kind::network: its name among libvirt's
    std::string bridge{};                      ///< of Kind::bridge; of Kind::network that of this life alone
    std::optional<OpenVswitch> openvswitch{};  ///< `bridge` is an Open vSwitch; empty: it is Linux's own
    std::string script{};  ///< a path, or a name among Xen's scripts; empty: that of the kind of bridge
    std::vector<std::string> addresses{};  ///< that the script may let the guest have: see is_ip_range()
    std::string model{};   ///< that an HVM guest sees beside the vif; "netfront": none; empty: Xen's default
    std::string target{};  ///< the vif's name in the backend domain; empty: as vif_name()
    std::string backend_domain{};  ///< name of the domain that has the other end; empty: Domain-0
    unsigned rate_kib = 0;         ///< KiB per second that the guest may send; 0: without bound
    unsigned mtu = 0;              ///< bytes; 0: Xen's default, or that of the bridge
    std::string alias{};           ///< that the user gave it; empty: it has its own
    bool link_down = false;        ///< nothing passes, as if its cable were unplugged

    bool operator==(const Nic&) const = default;
};

/// Whether a guest of this type can have the NIC. unsupported_config: says what cannot be, and what can.
Result<> check_nic(const Nic& nic, GuestType type);

/// The same of what it is connected to alone.
Result<> check_connection(const Nic& nic);

/// The same beside the guest's others. unsupported_config: one of them has its MAC, devid or target, or there
/// are too many.
Result<> check_beside(const Nic& nic, const std::vector<Nic>& others);

/// Whether the device model of a guest of this type emulates one beside the vif.
bool is_emulated(const Nic& nic, GuestType type);

/// As they are for another life: the bridges of networks are to be found again.
std::vector<Nic> without_found_bridges(std::vector<Nic> nics);

/// One on the same network as `before` gets its bridge, unless it has one.
void keep_found_bridge(const Nic& before, Nic& nic);

/// Those of networks that have no bridge get the one by which an interface with the same MAC address was on
/// the same network.
std::vector<Nic> with_bridges_of(const std::vector<Nic>& before, std::vector<Nic> nics);

/// The name of a NIC in a running guest's XML and in events: "net0".
std::string alias_of(const Nic& nic);

/// Whether it is an IP address, of version 4 or 6.
bool is_ip_address(const std::string& address);

/// Whether it is an IP address, or a network of them: "10.0.0.0/29", in which no bit is set behind the
/// prefix.
bool is_ip_range(std::string_view text);

/// The lowest devid that none of them has.
unsigned free_devid(const std::vector<Nic>& nics);

/// Whether a vif's name is one that another guest's may be given at any time: "vif1.0", "vif1.0-emu".
bool is_given_by_xen(std::string_view target);

/// The name of its vif while the guest runs under a domid.
std::string vif_name(const Nic& nic, unsigned domid);

}  // namespace virtlight::domain
