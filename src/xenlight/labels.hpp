// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>

#include "domain/definition.hpp"
#include "xenlight/context.hpp"

/// XSM's labels of guests.
namespace virtlight::xenlight {

/// Into a config that has its settings: one label is that of a guest while it is built and later, unless a
/// setting gives another one for the first.
void write_label(const domain::Definition& definition, libxl_domain_config& config);
std::string read_label(const libxl_domain_config& config);

/// Whether the host's policy knows all labels that a guest is to have: libxl would start it without.
/// unsupported_config: the host has no FLASK; invalid_argument: the policy has no such label.
Result<> check_labels(Context& context, const domain::Definition& definition);

}  // namespace virtlight::xenlight
