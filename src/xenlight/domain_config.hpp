// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/uuid.hpp"
#include "domain/definition.hpp"
#include "xenlight/libxl.hpp"

namespace virtlight::xenlight {

/// Writes a definition into libxl's words; `config` is fresh. Everything that libxl would otherwise decide by
/// its version or by the host is said. Pure.
void write_config(const domain::Definition& definition, libxl_domain_config& config);

/// The definition that libxl's words describe; what a definition cannot hold is left out. Consoles have no
/// ttys: an HVM guest's are its serial ports, and Xen's console where there are none. Pure.
domain::Definition read_config(const libxl_domain_config& config);

/// As read_config(), but leaves nothing out. unsupported_config: names what a definition cannot hold. Pure.
Result<domain::Definition> read_whole_config(const libxl_domain_config& config);

/// The definition in the JSON of an image that xl has made. unsupported_config: its guest has what a
/// definition cannot hold, and would be restored without it. Any thread that may enter `ctx`.
Result<domain::Definition> read_xl_config(libxl_ctx* ctx, const std::string& json);

Uuid uuid_of(const libxl_uuid& uuid);

/// The type that libxl means by a word in /libxl/<domid>/type; empty: by none.
std::optional<domain::GuestType> guest_type_of(std::string_view word);

}  // namespace virtlight::xenlight
