// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "domain/definition.hpp"
#include "xenlight/libxl.hpp"

namespace virtlight::xenlight {

/// What libxl starts with for a guest of this type.
inline void init(domain::GuestType type, DomainConfig& config) {
    using enum domain::GuestType;
    const auto theirs = type == hvm   ? LIBXL_DOMAIN_TYPE_HVM
                        : type == pvh ? LIBXL_DOMAIN_TYPE_PVH
                                      : LIBXL_DOMAIN_TYPE_PV;
    config->c_info.type = theirs;
    libxl_domain_build_info_init_type(&config->b_info, theirs);
}

}  // namespace virtlight::xenlight
