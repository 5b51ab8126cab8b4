// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "domain/xl_cfg_options.hpp"

/// Options whose values are lists of devices, each in words of its own; in files of their own, too.
namespace virtlight::domain {

void read_xl_disks(const XlAt& at, Definition& definition);
void write_xl_disks(const Definition& definition, XlWriter& writer);

void read_xl_nics(const XlAt& at, Definition& definition);
void write_xl_nics(const Definition& definition, XlWriter& writer);

/// Channels and shared folders that xl's format cannot have, as their words hold a comma.
std::vector<std::string> unsaid_shares(const Definition& definition);

/// Which words about a screen a "vfb" cannot have, as they hold a comma.
std::vector<std::string> unsaid_of_vfb(const Definition& definition);

}  // namespace virtlight::domain
