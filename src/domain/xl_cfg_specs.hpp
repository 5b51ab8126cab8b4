// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "domain/xl_cfg_options.hpp"

/// Options whose values are lists of devices, each in words of its own; in files of their own, too.
namespace virtlight::domain {

void read_xl_disks(const XlAt& at, Definition& definition);
void write_xl_disks(const Definition& definition, XlWriter& writer);

void read_xl_nics(const XlAt& at, Definition& definition);
void write_xl_nics(const Definition& definition, XlWriter& writer);

}  // namespace virtlight::domain
