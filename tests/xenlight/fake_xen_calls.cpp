// SPDX-License-Identifier: LGPL-2.1-or-later
// The functions under libxl, as the test program has them: the linker finds these before those of libxenctrl
// and libxenstore.
#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.hpp"
#include "xenlight/fake_xen.hpp"
#include "xenlight/libxl.hpp"

// Xen's headers have anonymous structs, and refuse a compiler that is told to be strict.
#undef __STRICT_ANSI__
extern "C" {
#include <xenctrl.h>
#include <xenstore.h>
}

using virtlight::fake_xen::Domain;
using virtlight::fake_xen::Xen;

namespace {

Xen& xen() {
    return Xen::get();
}

Xen::Connection* connection(xs_handle* handle) {
    return reinterpret_cast<Xen::Connection*>(handle);
}

xc_domaininfo_t info_of(const Domain& domain) {
    xc_domaininfo_t info{};
    info.domain = static_cast<domid_t>(domain.domid);
    info.flags = (domain.pauses > 0 ? XEN_DOMINF_paused : 0) | (domain.dying ? XEN_DOMINF_dying : 0);
    if (domain.shutdown)
        info.flags |= XEN_DOMINF_shutdown | static_cast<unsigned>(domain.reason) << XEN_DOMINF_shutdownshift;
    info.tot_pages = 32768;
    info.max_pages = 32768 + 256;
    info.nr_online_vcpus = 1;
    std::memcpy(info.handle, domain.uuid.bytes.data(), sizeof info.handle);
    return info;
}

bool has(uint32_t domid) {
    bool found = false;
    xen().change(domid, [&](Domain&) { found = true; });
    return found;
}

/// What a call on a domain answers: 0, or -1 if there is none.
template <class Change>
int on_domain(uint32_t domid, Change change) {
    if (!has(domid)) {
        errno = ESRCH;
        return -1;
    }
    xen().change(domid, change);
    return 0;
}

char* copy(const std::string& text) {
    return ::strdup(text.c_str());
}

}  // namespace

extern "C" {

// NOLINTBEGIN(readability-inconsistent-declaration-parameter-name)

xc_interface* xc_interface_open(xentoollog_logger*, xentoollog_logger*, unsigned) {
    return static_cast<xc_interface*>(std::calloc(1, 4096));
}

int xc_interface_close(xc_interface* handle) {
    std::free(handle);
    return 0;
}

int xc_domain_getinfolist(xc_interface*, uint32_t first, unsigned most, xc_domaininfo_t* infos) {
    if (!xen().tells_of_domains) return errno = EPERM, -1;
    unsigned count = 0;
    if (first == 0 && most > 1) ++xen().lists;  // it goes on until there are no more
    for (const auto& domain : xen().domains()) {
        if (domain.domid >= first && count < most) infos[count++] = info_of(domain);
    }
    return static_cast<int>(count);
}

int xc_flask_sid_to_context(xc_interface*, int, char*, uint32_t) {
    errno = ENOSYS;
    return -1;
}

int xc_flask_context_to_sid(xc_interface*, char*, uint32_t, uint32_t*) {
    errno = ENOSYS;
    return -1;
}

int xc_domain_getvnuma(xc_interface*, uint32_t, uint32_t*, uint32_t*, uint32_t*, xen_vmemrange_t*,
                       unsigned int*, unsigned int*) {
    errno = EOPNOTSUPP;
    return -1;
}

int xc_sched_id(xc_interface*, int* scheduler) {
    *scheduler = XEN_SCHEDULER_CREDIT2;
    return 0;
}

int xc_get_max_cpus(xc_interface*) {
    return 4;
}

int xc_vcpu_getinfo(xc_interface*, uint32_t, uint32_t vcpu, xc_vcpuinfo_t* info) {
    *info = {.vcpu = vcpu, .online = 1, .blocked = 1, .running = 0, .cpu_time = 3'000'000'000, .cpu = 2};
    return 0;
}

int xc_vcpu_getaffinity(xc_interface*, uint32_t, int, xc_cpumap_t hard, xc_cpumap_t soft, uint32_t) {
    *hard = 0b0110;
    *soft = 0b1111;
    return 0;
}

int xc_domain_pause(xc_interface*, uint32_t domid) {
    return on_domain(domid, [](Domain& domain) { ++domain.pauses; });
}

int xc_domain_unpause(xc_interface*, uint32_t domid) {
    bool was_paused = true;
    const int rc = on_domain(domid, [&](Domain& domain) {
        was_paused = domain.pauses > 0;
        if (was_paused) --domain.pauses;
    });
    if (was_paused) return rc;
    errno = EINVAL;
    return -1;
}

int xc_domain_send_trigger(xc_interface*, uint32_t domid, uint32_t trigger, uint32_t) {
    if (trigger != XEN_DOMCTL_SENDTRIGGER_NMI) return errno = EOPNOTSUPP, -1;
    return on_domain(domid, [](Domain&) { ++xen().nmis; });
}

/// Opens the file as libxenctrl does, and writes a guest's worth of memory.
int xc_domain_dumpcore(xc_interface*, uint32_t, const char* name) {
    const virtlight::Fd file(::open(name, O_CREAT | O_RDWR | O_TRUNC, S_IWUSR | S_IRUSR));
    const std::string mib(1024 * 1024, 'x');
    constexpr unsigned mibs = 16;
    for (unsigned i = 0; i < mibs; ++i) {
        if (i == mibs / 2) xen().in_dump();
        for (std::size_t written = 0; written < mib.size();) {
            const auto n = ::write(file.get(), mib.data() + written, mib.size() - written);
            if (n < 0) return -1;
            written += static_cast<std::size_t>(n);
            xen().dumped += static_cast<std::uint64_t>(n);
        }
    }
    return 0;
}

/// libxl calls it in a child, whose Xen is a copy that ends with it.
int xc_domain_destroy(xc_interface*, uint32_t domid) {
    return on_domain(domid, [](Domain& domain) { domain.dying = true; });
}

int xc_physinfo(xc_interface*, xc_physinfo_t* info) {
    *info = {};
    info->threads_per_core = 1;
    info->cores_per_socket = 2;
    info->nr_cpus = 4;
    info->nr_nodes = 2;
    info->hw_cap[0] = 1 << 0 | 1 << 26;  // fpu, sse2
    info->hw_cap[6] = 1U << 28;
    info->cpu_khz = 2'500'000;
    info->total_pages = 4096 * 256;
    info->free_pages = 1024 * 256;
    info->capabilities = XEN_SYSCTL_PHYSCAP_pv | XEN_SYSCTL_PHYSCAP_hvm;
    return 0;
}

/// Two sockets, each a NUMA node, of which the second has a processor that is offline.
int xc_cputopoinfo(xc_interface*, unsigned* count, xc_cputopo_t* cpus) {
    constexpr xc_cputopo_t all[] = {
        {0, 0, 0}, {1, 0, 0}, {0, 1, 1}, {XEN_INVALID_CORE_ID, XEN_INVALID_SOCKET_ID, XEN_INVALID_NODE_ID}};
    for (unsigned i = 0; cpus && i < std::size(all) && i < *count; ++i)
        cpus[i] = all[i];
    *count = std::size(all);
    return 0;
}

int xc_numainfo(xc_interface*, unsigned* count, xc_meminfo_t* memory, uint32_t* distances) {
    constexpr unsigned nodes = 2;
    constexpr uint64_t gib = 1 << 30;
    for (unsigned i = 0; memory && i < nodes && i < *count; ++i) {
        memory[i] = {.memsize = 2 * gib, .memfree = (i + 1) * gib / 4};
        for (unsigned j = 0; j < nodes; ++j)
            distances[i * *count + j] = i == j ? 10 : 21;
    }
    *count = nodes;
    return 0;
}

/// Xen tells of all that it has a number for, online or not.
int xc_getcpuinfo(xc_interface*, int most, xc_cpuinfo_t* infos, int* count) {
    constexpr uint64_t all[] = {1'000'000'000, 2'000'000'000, 3'000'000'000, 0};
    *count = std::min(most, static_cast<int>(std::size(all)));
    for (int i = 0; i < *count; ++i)
        infos[i].idletime = all[i];
    return 0;
}

int xc_version(xc_interface*, int command, void* answer) {
    switch (command) {
        case XENVER_version: return 4 << 16 | 17;
        case XENVER_extraversion: std::strcpy(static_cast<char*>(answer), ".7"); return 0;
        case XENVER_capabilities: std::strcpy(static_cast<char*>(answer), "xen-3.0-x86_64 "); return 0;
        case XENVER_pagesize: return 4096;
        case XENVER_build_id: errno = ENODATA; return -1;
        case XENVER_compile_info: *static_cast<xen_compile_info_t*>(answer) = {}; return 0;
        case XENVER_changeset: *static_cast<char*>(answer) = 0; return 0;
        case XENVER_commandline: *static_cast<char*>(answer) = 0; return 0;
        case XENVER_platform_parameters: *static_cast<xen_platform_parameters_t*>(answer) = {}; return 0;
        default: return 0;
    }
}

long xc_sharing_freed_pages(xc_interface*) {
    return 0;
}

long xc_sharing_used_frames(xc_interface*) {
    return 0;
}

/// libxl's own: it has kept nothing of anybody, and here is no folder where it could lock that.
int libxl_userdata_retrieve(libxl_ctx*, std::uint32_t, const char*, std::uint8_t** data, int* size) {
    if (data) *data = nullptr;
    if (size) *size = 0;
    return 0;
}

xs_handle* xs_open(unsigned long) {
    if (!xen().accepts_connections()) {
        errno = ECONNREFUSED;
        return nullptr;
    }
    return reinterpret_cast<xs_handle*>(xen().connect());
}

void xs_close(xs_handle* handle) {
    if (handle) xen().disconnect(connection(handle));
}

/// In a child: the connection is the parent's.
void xs_daemon_destroy_postfork(xs_handle*) {}

int xs_fileno(xs_handle* handle) {
    return connection(handle)->ends[0];
}

char** xs_check_watch(xs_handle* handle) {
    return xen().check_watch(connection(handle));
}

bool xs_watch(xs_handle* handle, const char* path, const char* token) {
    return xen().watch(connection(handle), path, token);
}

bool xs_unwatch(xs_handle* handle, const char* path, const char* token) {
    return xen().unwatch(connection(handle), path, token);
}

void* xs_read(xs_handle* handle, xs_transaction_t, const char* path, unsigned* size) {
    if (xen().is_cut(connection(handle))) {
        errno = EBADF;
        return nullptr;
    }
    if (!xen().exists(path)) {
        errno = ENOENT;
        return nullptr;
    }
    const auto value = xen().read(path);
    if (size) *size = static_cast<unsigned>(value.size());
    return copy(value);
}

bool xs_write(xs_handle*, xs_transaction_t, const char* path, const void* value, unsigned size) {
    xen().write(path, std::string(static_cast<const char*>(value), size));
    return true;
}

bool xs_mkdir(xs_handle*, xs_transaction_t, const char* path) {
    if (!xen().exists(path)) xen().write(path, "");
    return true;
}

bool xs_rm(xs_handle*, xs_transaction_t, const char* path) {
    if (xen().remove_tree(path)) return true;
    errno = ENOENT;
    return false;
}

char** xs_directory(xs_handle*, xs_transaction_t, const char* path, unsigned* count) {
    if (!xen().exists(path)) {
        errno = ENOENT;
        return nullptr;
    }
    const auto names = xen().list(path);
    std::size_t bytes = 0;
    for (const auto& name : names)
        bytes += name.size() + 1;
    auto** const answer = static_cast<char**>(std::malloc((names.size() + 1) * sizeof(char*) + bytes));
    auto* text = reinterpret_cast<char*>(answer + names.size() + 1);
    for (std::size_t i = 0; i < names.size(); ++i) {
        answer[i] = text;
        std::strcpy(text, names[i].c_str());
        text += names[i].size() + 1;
    }
    *count = static_cast<unsigned>(names.size());
    return answer;
}

/// One transaction after the other, and none ever has to be repeated.
xs_transaction_t xs_transaction_start(xs_handle*) {
    return 1;
}

bool xs_transaction_end(xs_handle*, xs_transaction_t, bool) {
    return true;
}

xs_permissions* xs_get_permissions(xs_handle*, xs_transaction_t, const char* path, unsigned* count) {
    if (!xen().exists(path)) {
        errno = ENOENT;
        return nullptr;
    }
    auto* const owner = static_cast<xs_permissions*>(std::malloc(sizeof(xs_permissions)));
    *owner = {.id = xen().owner(path), .perms = XS_PERM_NONE};
    *count = 1;
    return owner;
}

bool xs_set_permissions(xs_handle*, xs_transaction_t, const char*, xs_permissions*, unsigned) {
    return true;
}

char* xs_get_domain_path(xs_handle*, unsigned domid) {
    return copy("/local/domain/" + std::to_string(domid));
}

bool xs_path_is_subpath(const char* parent, const char* child) {
    return std::string_view(child).starts_with(parent);
}

int xs_suspend_evtchn_port(int) {
    return -1;
}

// NOLINTEND(readability-inconsistent-declaration-parameter-name)

}  // extern "C"
