// SPDX-License-Identifier: LGPL-2.1-or-later
// The functions of libxenctrl and libxenguest by which libxl builds a guest: they all succeed, and the guest
// gets its memory.

#include <cerrno>
#include <cstdlib>

#include <sys/mman.h>

#include "libxl/interposed.hpp"

using virtlight::fake::answer;
using virtlight::fake::answer_about;
using virtlight::fake::Domain;
using virtlight::fake::Xen;

namespace {

constexpr unsigned pages_per_mib = 256;
constexpr unsigned reserved_pages = 4;

int nothing(const char* name) {
    return answer(name, [](Xen&) { return 0; });
}

xc_dom_arch& architecture() {
    static xc_dom_arch x86 = [] {
        xc_dom_arch hooks{};
        hooks.page_shift = 12;
        return hooks;
    }();
    return x86;
}

}  // namespace

extern "C" {

int xc_dom_loginit(xc_interface*) {
    return 0;
}

xc_dom_image* xc_dom_allocate(xc_interface*, const char*, const char*) {
    auto* const image = static_cast<xc_dom_image*>(std::calloc(1, sizeof(xc_dom_image)));
    image->arch_hooks = &architecture();
    image->console_pfn = 1;
    image->xenstore_pfn = 2;
    return image;
}

void xc_dom_release(xc_dom_image* image) {
    std::free(image);
}

int xc_dom_kernel_file(xc_dom_image*, const char*) {
    return nothing(__func__);
}

int xc_dom_module_file(xc_dom_image*, const char*, const char*) {
    return nothing(__func__);
}

int xc_dom_boot_xen_init(xc_dom_image* image, xc_interface*, uint32_t domid) {
    image->guest_domid = domid;
    return nothing(__func__);
}

int xc_dom_parse_image(xc_dom_image*) {
    return nothing(__func__);
}

int xc_dom_mem_init(xc_dom_image* image, unsigned mib) {
    image->total_pages = mib * pages_per_mib;
    return nothing(__func__);
}

int xc_dom_boot_mem_init(xc_dom_image* image) {
    return answer(__func__, [&](Xen& xen) {
        if (image->total_pages + reserved_pages > xen.free_pages()) return errno = ENOMEM, -1;
        xen.change(image->guest_domid, [&](Domain& domain) { domain.pages = image->total_pages; });
        return 0;
    });
}

int xc_dom_build_image(xc_dom_image*) {
    return nothing(__func__);
}

int xc_dom_boot_image(xc_dom_image*) {
    return nothing(__func__);
}

int xc_dom_gnttab_init(xc_dom_image*) {
    return nothing(__func__);
}

bool xc_dom_translated(const xc_dom_image*) {
    return true;
}

char* xc_dom_guest_os(xc_dom_image*) {
    static char name[] = "linux";
    return name;
}

bool xc_dom_feature_get(xc_dom_image*, unsigned) {
    return true;
}

int xc_domain_set_memmap_limit(xc_interface*, uint32_t, unsigned long) {
    return nothing(__func__);
}

int xc_domain_set_memory_map(xc_interface*, uint32_t, e820entry*, uint32_t) {
    return nothing(__func__);
}

int xc_domain_set_tsc_info(xc_interface*, uint32_t, uint32_t, uint64_t, uint32_t, uint32_t) {
    return nothing(__func__);
}

int xc_domain_set_time_offset(xc_interface*, uint32_t, int32_t) {
    return nothing(__func__);
}

int xc_domain_node_setaffinity(xc_interface*, uint32_t, xc_nodemap_t) {
    return nothing(__func__);
}

int xc_vcpu_setaffinity(xc_interface*, uint32_t, int, xc_cpumap_t, xc_cpumap_t, uint32_t) {
    return nothing(__func__);
}

int xc_cpuid_apply_policy(xc_interface*, uint32_t, bool, const uint32_t*, unsigned, bool, bool, bool,
                          const xc_xend_cpuid*, const xc_msr*) {
    return nothing(__func__);
}

int xc_set_paging_mempool_size(xc_interface*, uint32_t, uint64_t) {
    return nothing(__func__);
}

/// libxl writes to a page of an HVM guest, and unmaps it.
void* xc_map_foreign_range(xc_interface*, uint32_t, int size, int protection, unsigned long) {
    const int error = Xen::current().calls().enter(__func__);
    if (error) return errno = error, nullptr;
    return ::mmap(nullptr, static_cast<std::size_t>(size), protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

int xc_hvm_param_set(xc_interface*, uint32_t, uint32_t, uint64_t) {
    return nothing(__func__);
}

int xc_hvm_param_get(xc_interface*, uint32_t, uint32_t, uint64_t* value) {
    *value = 0;
    return nothing(__func__);
}

xc_evtchn_port_or_error_t xc_evtchn_alloc_unbound(xc_interface*, uint32_t, uint32_t) {
    return answer(__func__, [](Xen&) { return 1; });
}

int xc_sched_credit2_domain_get(xc_interface*, uint32_t, xen_domctl_sched_credit2* parameters) {
    *parameters = {.weight = 256, .cap = 0};
    return nothing(__func__);
}

int xc_sched_credit2_domain_set(xc_interface*, uint32_t, xen_domctl_sched_credit2*) {
    return nothing(__func__);
}

// No domain here has virtual NUMA nodes: libxl saves only such.
int xc_domain_getvnuma(xc_interface*, uint32_t, uint32_t*, uint32_t*, uint32_t*, xen_vmemrange_t*, unsigned*,
                       unsigned*) {
    return errno = EOPNOTSUPP, -1;
}

}  // extern "C"
