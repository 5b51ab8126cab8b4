// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "domain/definition.hpp"
#include "xenlight/libxl.hpp"

/// Network interfaces in libxl's words and back. Pure.
namespace virtlight::xenlight {

using LibxlNic = Owned<libxl_device_nic, libxl_device_nic_init, libxl_device_nic_dispose>;

/// What a vif's backend finds in xenstore of how much its guest may send; empty: there is no bound.
std::string rate_words(const domain::Nic& nic);
/// What that says, in KiB per second; 0: there is no bound.
unsigned rate_in(std::string_view words);

/// `written` is fresh.
void write_nic(const domain::Nic& nic, domain::GuestType type, libxl_device_nic& written);
/// What a Nic cannot hold is left out, and what libxl does not know: whether its link is down.
domain::Nic read_nic(const libxl_device_nic& nic, domain::GuestType type);

/// `config` has none yet.
void write_nics(const domain::Definition& definition, libxl_domain_config& config);
/// Numbers those that xl has left to libxl as libxl does.
std::vector<domain::Nic> read_nics(const libxl_domain_config& config, domain::GuestType type);
/// Whether a definition can hold all of them. unsupported_config: says what it cannot.
Result<> check_nics(const libxl_domain_config& config, domain::GuestType type);

}  // namespace virtlight::xenlight
