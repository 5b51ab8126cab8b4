// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <optional>

#include "domain/definition.hpp"
#include "hypervisor/port.hpp"
#include "xenlight/context.hpp"
#include "xenlight/libxl.hpp"

/// A guest's screen, its inputs and its sound card in libxl's words and back.
namespace virtlight::xenlight {

/// `config` has its type and none of these yet. Pure.
void write_screen(const domain::Definition& definition, libxl_domain_config& config);
/// Fills in graphics, video, inputs and sound; `definition` has its type. Pure.
void read_screen(const libxl_domain_config& config, domain::Definition& definition);

/// Whether a definition can hold it. unsupported_config: says what it cannot. Pure.
Result<> check_screen(const libxl_domain_config& config);

/// The port of its VNC server, as the device model tells; empty: it has none. On the context's thread.
std::optional<unsigned> vnc_port(Context& context, hypervisor::DomId domid);

}  // namespace virtlight::xenlight
