// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>

namespace virtlight::domain {

/// docs/xl-cfg.md: each option of xl's, and what becomes of it.
std::string xl_cfg_document();

}  // namespace virtlight::domain
