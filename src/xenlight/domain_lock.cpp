// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/domain_lock.hpp"

#include <cerrno>
#include <string>

#include <fcntl.h>
#include <sys/file.h>

#include "base/file.hpp"
#include "xenlight/domain_config.hpp"

namespace virtlight::xenlight {
namespace {

/// As libxl makes it.
std::string lock_of(hypervisor::DomId domid, const Uuid& uuid) {
    return fmt::format("/var/lib/xen/userdata-l.{}.{}.domain-userdata-lock", domid, to_string(uuid));
}

}  // namespace

Result<bool> is_domain_locked(Context& context, hypervisor::DomId domid) {
    DomainInfo info;
    if (auto read = context.read_info(fmt::format("look at domain {}", domid), domid, info); !read)
        return std::unexpected(std::move(read.error()));
    const Fd lock(::open(lock_of(domid, uuid_of(info->uuid)).c_str(), O_RDONLY | O_CLOEXEC));
    if (!lock) return false;
    if (::flock(lock.get(), LOCK_SH | LOCK_NB) != 0) return errno == EWOULDBLOCK;
    // A child that libxl has forked on another thread just now has a copy, which would hold it on.
    ::flock(lock.get(), LOCK_UN);
    return false;
}

}  // namespace virtlight::xenlight
