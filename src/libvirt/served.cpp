// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libvirt/served.hpp"

#include <fmt/format.h>

namespace virtlight::libvirt {

Error not_served(Served served) {
    const auto& by = served_by(served);
    return {Reason::no_support,
            fmt::format("there are no {} here, as libvirt's {} does not run ({} in virtlightd(8)){}{}",
                        by.objects, by.daemon, by.setting, by.instead.empty() ? "" : ": ", by.instead)};
}

}  // namespace virtlight::libvirt
