// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/idle_times.hpp"

#include <cerrno>
#include <memory>
#include <span>

// Xen's headers have anonymous structs, and refuse a compiler that is told to be strict.
#undef __STRICT_ANSI__
extern "C" {
#include <xenctrl.h>
}

#include "base/limits.hpp"

namespace virtlight::xenlight {
namespace {

struct CloseXen {
    void operator()(xc_interface* xen) const { xc_interface_close(xen); }
};

}  // namespace

Result<std::vector<nanoseconds>> read_idle_times() {
    const std::unique_ptr<xc_interface, CloseXen> xen(xc_interface_open(nullptr, nullptr, 0));
    if (!xen) return fail_errno(errno, "cannot ask Xen for its processors' times");
    std::vector<xc_cpuinfo_t> infos(limits::cpus);
    int count = 0;
    if (xc_getcpuinfo(xen.get(), static_cast<int>(infos.size()), infos.data(), &count) != 0)
        return fail_errno(errno, "cannot read the times of Xen's processors");
    std::vector<nanoseconds> idle;
    for (const auto& info : std::span(infos).first(static_cast<std::size_t>(count)))
        idle.emplace_back(info.idletime);
    return idle;
}

}  // namespace virtlight::xenlight
