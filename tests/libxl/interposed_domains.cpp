// SPDX-License-Identifier: LGPL-2.1-or-later
// The functions of libxenctrl that list, make, change and end domains, for libxl: it calls them by name, and
// finds these.

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.hpp"
#include "libxl/child_calls.hpp"
#include "libxl/fake_xen.hpp"
#include "libxl/interposed.hpp"

using virtlight::fake::answer;
using virtlight::fake::answer_about;
using virtlight::fake::ChildCalls;
using virtlight::fake::Domain;
using virtlight::fake::Stop;
using virtlight::fake::Xen;

namespace {

/// libxl never looks into it.
char interface_of_xen;

/// What Xen itself needs for a domain.
constexpr std::uint64_t pages_of_an_empty_domain = 16;

std::uint32_t flags_of(const Domain& domain) {
    std::uint32_t flags = domain.hvm ? XEN_DOMINF_hvm_guest : 0;
    if (domain.dying) flags |= XEN_DOMINF_dying;
    if (domain.pauses > 0) flags |= XEN_DOMINF_paused;
    if (domain.stopped)
        flags |= XEN_DOMINF_shutdown | static_cast<std::uint32_t>(*domain.stopped)
                                           << XEN_DOMINF_shutdownshift;
    if (domain.runs()) flags |= XEN_DOMINF_blocked;
    return flags;
}

std::uint64_t processor_time(const Domain& domain) {
    auto time = domain.used;
    if (domain.running_since) time += virtlight::Clock::now() - *domain.running_since;
    return static_cast<std::uint64_t>(time.count());
}

/// As libxenctrl returns it.
int failed(int error) {
    if (error == 0) return 0;
    errno = error;
    return -1;
}

xc_domaininfo_t info_of(const Domain& domain) {
    xc_domaininfo_t info{};
    info.domain = static_cast<domid_t>(domain.domid);
    info.flags = flags_of(domain);
    info.tot_pages = domain.pages;
    info.max_pages = domain.max_pages;
    info.outstanding_pages = domain.claimed_pages;
    info.cpu_time = processor_time(domain);
    info.nr_online_vcpus = domain.vcpus;
    info.max_vcpu_id = domain.vcpus - 1;
    std::ranges::copy(domain.uuid.bytes, info.handle);
    return info;
}

}  // namespace

extern "C" {

xc_interface* xc_interface_open(xentoollog_logger*, xentoollog_logger*, unsigned) {
    auto* const interface = reinterpret_cast<xc_interface*>(&interface_of_xen);
    if (ChildCalls::in_child()) return interface;
    return answer(__func__, [](Xen&) { return 0; }) == 0 ? interface : nullptr;
}

int xc_interface_close(xc_interface*) {
    return 0;
}

const char* xc_domain_get_native_protocol(xc_interface*, uint32_t) {
    return "x86_64-abi";
}

int xc_domain_getinfolist(xc_interface*, uint32_t first, unsigned most, xc_domaininfo_t* infos) {
    return answer(__func__, [&](Xen& xen) {
        auto domains = xen.list(first);
        domains.resize(std::min<std::size_t>(domains.size(), most));
        std::ranges::transform(domains, infos, info_of);
        return static_cast<int>(domains.size());
    });
}

int xc_domain_getinfo(xc_interface*, uint32_t first, unsigned most, xc_dominfo_t* infos) {
    return answer(__func__, [&](Xen& xen) {
        auto domains = xen.list(first);
        domains.resize(std::min<std::size_t>(domains.size(), most));
        std::ranges::transform(domains, infos, [](const Domain& domain) {
            return xc_dominfo_t{.domid = domain.domid, .max_vcpu_id = domain.vcpus - 1};
        });
        return static_cast<int>(domains.size());
    });
}

int xc_domain_create(xc_interface*, uint32_t* domid, xen_domctl_createdomain* config) {
    return answer(__func__, [&](Xen& xen) {
        Domain domain{.domid = *domid,
                      .hvm = (config->flags & XEN_DOMCTL_CDF_hvm) != 0,
                      .pages = pages_of_an_empty_domain,
                      .vcpus = config->max_vcpus,
                      .reads_any_msr = (config->arch.misc_flags & XEN_X86_MSR_RELAXED) != 0};
        std::ranges::copy(config->handle, domain.uuid.bytes.begin());
        const auto made = xen.create(domain);
        if (!made) return errno = made.error(), -1;
        *domid = *made;
        return 0;
    });
}

int xc_domain_destroy(xc_interface*, uint32_t domid) {
    if (!ChildCalls::in_child()) return answer_about(__func__, [&](Xen& xen) { return xen.destroy(domid); });
    errno = ChildCalls::destroy(domid);
    return errno == 0 ? 0 : -1;
}

int xc_domain_pause(xc_interface*, uint32_t domid) {
    return answer(__func__, [&](Xen& xen) { return failed(xen.pause(domid)); });
}

int xc_domain_unpause(xc_interface*, uint32_t domid) {
    return answer(__func__, [&](Xen& xen) { return failed(xen.unpause(domid)); });
}

int xc_domain_shutdown(xc_interface*, uint32_t domid, int reason) {
    return answer_about(__func__, [&](Xen& xen) { return xen.stop(domid, static_cast<Stop>(reason)); });
}

int xc_domain_resume(xc_interface*, uint32_t domid, int) {
    return answer_about(__func__, [&](Xen& xen) { return xen.resume(domid); });
}

int xc_domain_send_trigger(xc_interface*, uint32_t domid, uint32_t trigger, uint32_t) {
    if (trigger == XEN_DOMCTL_SENDTRIGGER_NMI)
        return answer_about(__func__, [&](Xen& xen) { return xen.find(domid).has_value(); });
    if (trigger != XEN_DOMCTL_SENDTRIGGER_POWER) return errno = EOPNOTSUPP, -1;
    return answer_about(__func__, [&](Xen& xen) { return xen.press_button(domid); });
}

/// Opens the file as libxenctrl does, and writes as much.
int xc_domain_dumpcore(xc_interface*, uint32_t domid, const char* name) {
    return answer(__func__, [&](Xen& xen) {
        const auto domain = xen.find(domid);
        if (!domain) return errno = ESRCH, -1;
        const virtlight::Fd file(::open(name, O_CREAT | O_RDWR | O_TRUNC, S_IWUSR | S_IRUSR));
        if (!file) return -1;
        const std::array<char, 4096> page{};
        for (std::uint64_t i = 0; i < domain->pages; ++i)
            if (::write(file.get(), page.data(), page.size()) != static_cast<ssize_t>(page.size())) return -1;
        return 0;
    });
}

int xc_domain_max_vcpus(xc_interface*, uint32_t domid, unsigned most) {
    return answer_about(
        __func__, [&](Xen& xen) { return xen.change(domid, [&](Domain& domain) { domain.vcpus = most; }); });
}

int xc_domain_setmaxmem(xc_interface*, uint32_t domid, uint64_t most_kib) {
    return answer_about(__func__, [&](Xen& xen) {
        return xen.change(domid, [&](Domain& domain) { domain.max_pages = most_kib / 4; });
    });
}

}  // extern "C"
