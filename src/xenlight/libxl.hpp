// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

// libxl's headers, for this room alone. They have no linkage of C++ themselves, so what they include of the
// system comes first.
#include <cerrno>
#include <climits>
#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <netinet/in.h>
#include <poll.h>
#include <sys/time.h>
#include <sys/wait.h>

/// The interface of Xen 4.14, which every release from 4.17 on serves from the same source.
#define LIBXL_API_VERSION 0x041400

extern "C" {
#include <libxl.h>
#include <libxl_event.h>
#include <libxl_utils.h>
}

#ifndef LIBXL_HAVE_DEVICE_DISK_SPECIFICATION
#error "libxl of Xen 4.17 or later is needed"
#endif

#include <bit>
#include <memory>
#include <span>

#include "base/ids.hpp"

namespace virtlight::xenlight {

/// A struct of libxl's, initialised and disposed of as libxl wants it. Stays where it is: an operation may
/// hold its address.
template <class T, void (*init)(T*), void (*dispose)(T*)>
class Owned {
 public:
    Owned() { init(&value_); }
    Owned(const Owned&) = delete;
    Owned& operator=(const Owned&) = delete;
    ~Owned() { dispose(&value_); }

    T* get() { return &value_; }
    const T* get() const { return &value_; }
    T& operator*() { return value_; }
    const T& operator*() const { return value_; }
    T* operator->() { return &value_; }
    const T* operator->() const { return &value_; }

 private:
    T value_;
};

using DomainConfig = Owned<libxl_domain_config, libxl_domain_config_init, libxl_domain_config_dispose>;
using DomainInfo = Owned<libxl_dominfo, libxl_dominfo_init, libxl_dominfo_dispose>;
using RestoreParameters =
    Owned<libxl_domain_restore_params, libxl_domain_restore_params_init, libxl_domain_restore_params_dispose>;
using PhysicalInfo = Owned<libxl_physinfo, libxl_physinfo_init, libxl_physinfo_dispose>;

/// Calls `see` with all of Xen's domains, a span of libxl_dominfo that lasts as long. 0, or an ERROR_*
/// number.
template <class See>
int list_domains(libxl_ctx* ctx, See see) {
    int count = 0;
    libxl_dominfo* const domains = libxl_list_domain(ctx, &count);
    if (!domains) return ERROR_FAIL;
    see(std::span<const libxl_dominfo>(domains, static_cast<std::size_t>(count)));
    libxl_dominfo_list_free(domains, count);
    return 0;
}

/// Memory that a C library allocated for us.
struct Free {
    void operator()(void* memory) const { std::free(memory); }
};
using CString = std::unique_ptr<char, Free>;

/// An id in the place of a pointer: what libxl keeps for us is a name, which may have become stale, and never
/// an address.
template <class Tag>
void* as_pointer(Id<Tag> id) {
    return std::bit_cast<void*>(id.value);
}
template <class IdType>
IdType as_id(void* pointer) {
    return IdType{std::bit_cast<std::uint64_t>(pointer)};
}
static_assert(sizeof(void*) == sizeof(std::uint64_t));

}  // namespace virtlight::xenlight
