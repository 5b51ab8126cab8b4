// SPDX-License-Identifier: LGPL-2.1-or-later
// The functions of libxenctrl that tell about the host: one node, two processors, one pool.

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "libxl/interposed.hpp"

using virtlight::fake::answer;
using virtlight::fake::Xen;

namespace {

constexpr int cpus = 2;
constexpr std::uint64_t page_bytes = 4096;

template <std::size_t size>
void put(char (&place)[size], std::string_view text) {
    place[text.copy(place, size - 1)] = '\0';
}

int version_text(int what, void* place) {
    switch (what) {
        case XENVER_extraversion: put(*static_cast<xen_extraversion_t*>(place), ".5"); return 0;
        case XENVER_capabilities:
            put(*static_cast<xen_capabilities_info_t*>(place), "xen-3.0-x86_64 hvm-3.0-x86_64 ");
            return 0;
        case XENVER_changeset: put(*static_cast<xen_changeset_info_t*>(place), "none"); return 0;
        case XENVER_commandline: put(*static_cast<xen_commandline_t*>(place), ""); return 0;
        case XENVER_compile_info: std::memset(place, 0, sizeof(xen_compile_info_t)); return 0;
        case XENVER_platform_parameters: std::memset(place, 0, sizeof(xen_platform_parameters_t)); return 0;
        default: errno = ENOSYS; return -1;
    }
}

}  // namespace

extern "C" {

int xc_version(xc_interface*, int what, void* place) {
    return answer(__func__, [&](Xen&) {
        if (what == XENVER_version) return 4 << 16 | 17;
        if (what == XENVER_pagesize) return static_cast<int>(page_bytes);
        return version_text(what, place);
    });
}

int xc_deassign_device(xc_interface*, uint32_t, uint32_t) {
    return answer(__func__, [](Xen&) { return 0; });
}

int xc_physinfo(xc_interface*, xc_physinfo_t* info) {
    return answer(__func__, [&](Xen& xen) {
        *info = {};
        info->threads_per_core = 1;
        info->cores_per_socket = cpus;
        info->nr_cpus = cpus;
        info->max_cpu_id = cpus - 1;
        info->nr_nodes = 1;
        info->cpu_khz = 2'000'000;
        info->capabilities = XEN_SYSCTL_PHYSCAP_hvm | XEN_SYSCTL_PHYSCAP_pv | XEN_SYSCTL_PHYSCAP_hap |
                             XEN_SYSCTL_PHYSCAP_shadow | XEN_SYSCTL_PHYSCAP_gnttab_v1 |
                             XEN_SYSCTL_PHYSCAP_gnttab_v2;
        info->total_pages = Xen::total_pages;
        info->free_pages = xen.free_pages();
        info->max_mfn = Xen::total_pages;
        return 0;
    });
}

int xc_cputopoinfo(xc_interface*, unsigned* most, xc_cputopo_t* topology) {
    return answer(__func__, [&](Xen&) {
        if (topology) std::ranges::fill_n(topology, std::min(*most, unsigned{cpus}), xc_cputopo_t{});
        *most = cpus;
        return 0;
    });
}

int xc_numainfo(xc_interface*, unsigned* most, xc_meminfo_t* memory, uint32_t* distance) {
    return answer(__func__, [&](Xen& xen) {
        if (memory)
            *memory = {.memsize = Xen::total_pages * page_bytes, .memfree = xen.free_pages() * page_bytes};
        if (distance) *distance = 10;
        *most = 1;
        return 0;
    });
}

int xc_get_max_cpus(xc_interface*) {
    return cpus;
}

int xc_get_online_cpus(xc_interface*) {
    return cpus;
}

int xc_get_max_nodes(xc_interface*) {
    return 1;
}

xc_cpupoolinfo_t* xc_cpupool_getinfo(xc_interface*, uint32_t first) {
    if (first > 0) return errno = ENOENT, nullptr;
    auto* const info = static_cast<xc_cpupoolinfo_t*>(std::calloc(1, sizeof(xc_cpupoolinfo_t) + 8));
    info->sched_id = XEN_SCHEDULER_CREDIT2;
    info->cpumap = reinterpret_cast<xc_cpumap_t>(info + 1);
    info->cpumap[0] = (1 << cpus) - 1;
    return info;
}

void xc_cpupool_infofree(xc_interface*, xc_cpupoolinfo_t* info) {
    std::free(info);
}

int xc_sched_id(xc_interface*, int* scheduler) {
    *scheduler = XEN_SCHEDULER_CREDIT2;
    return 0;
}

long xc_sharing_freed_pages(xc_interface*) {
    return 0;
}

long xc_sharing_used_frames(xc_interface*) {
    return 0;
}

int xc_flask_context_to_sid(xc_interface*, char*, uint32_t, uint32_t*) {
    return errno = ENOSYS, -1;
}

int xc_flask_sid_to_context(xc_interface*, int, char*, uint32_t) {
    return errno = ENOSYS, -1;
}

}  // extern "C"
