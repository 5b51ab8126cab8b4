// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "base/result.hpp"

namespace virtlight::libvirt {

/// What libvirt has daemons of their own for, which Virtlight asks instead of doing it itself.
enum class Served : std::uint8_t { storage, networks, interfaces, secrets, filters };

struct ServedBy {
    Served served;
    std::string_view daemon;   ///< how errors call it
    std::string_view objects;  ///< and what it serves
    std::string_view instead;  ///< what helps where there is none; empty: nothing does
    std::string_view uri;
    std::string_view socket;    ///< the name of its socket
    std::string_view setting;   ///< of another socket
    std::int32_t registration;  ///< the procedure that registers for its events; 0: it tells of none
};

// clang-format off
inline constexpr ServedBy modular_daemons[] = {
    {Served::storage, "storage daemon", "storage pools", "name files and block devices in the domain's XML",
     "storage:///system", "virtstoraged-sock", "storage_socket", 368},
    {Served::networks, "network daemon", "networks", "name a bridge in the domain's XML",
     "network:///system", "virtnetworkd-sock", "network_socket", 313},
    {Served::interfaces, "interface daemon", "interfaces of the host", "configure them as its system does it",
     "interface:///system", "virtinterfaced-sock", "interface_socket", 0},
    {Served::secrets, "secret daemon", "secrets", {},
     "secret:///system", "virtsecretd-sock", "secret_socket", 380},
    {Served::filters, "network filter daemon", "network filters", {},
     "nwfilter:///system", "virtnwfilterd-sock", "nwfilter_socket", 0},
};
// clang-format on

constexpr const ServedBy& served_by(Served served) {
    return *std::ranges::find(modular_daemons, served, &ServedBy::served);
}

/// What is said where the daemon of something does not run: no_support.
Error not_served(Served served);

}  // namespace virtlight::libvirt
