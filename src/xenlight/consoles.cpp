// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/consoles.hpp"

#include <utility>

namespace virtlight::xenlight {

void find_ttys(Context& context, hypervisor::DomId domid, std::vector<domain::Console>& consoles) {
    for (auto& console : consoles) {
        console.tty.clear();
        if (!has_pty(console)) continue;
        const bool serial = console.target == domain::Console::Target::serial;
        const auto type = serial ? LIBXL_CONSOLE_TYPE_SERIAL : LIBXL_CONSOLE_TYPE_PV;
        char* found = nullptr;
        context.enter([&](libxl_ctx* ctx) {
            return libxl_console_get_tty(ctx, domid, static_cast<int>(console.port), type, &found);
        });
        const CString tty(found);
        console.tty = tty ? tty.get() : "";
    }
}

}  // namespace virtlight::xenlight
