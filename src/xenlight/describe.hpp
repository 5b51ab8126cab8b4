// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <memory>

#include "async/cancel.hpp"
#include "async/task.hpp"
#include "base/result.hpp"
#include "domain/definition.hpp"
#include "hypervisor/port.hpp"
#include "xenlight/context_thread.hpp"

namespace virtlight::xenlight {

/// The definition of a running domain: as libxl has kept it, or, for a domain that libxl did not make, as far
/// as Xen and xenstore know it. As Hypervisor::describe(). `thread` must outlive the task.
async::Task<Result<domain::Definition>> describe(ContextThread& thread, hypervisor::DomId domid,
                                                 async::CancelToken cancel);

/// As Hypervisor::check_whole(). `thread` must outlive the task.
async::Task<Result<>> check_whole(ContextThread& thread, hypervisor::DomId domid, async::CancelToken cancel);

/// What libxl has kept of a running domain; null: nothing. no_domain; timed_out, operation_failed: it cannot
/// be had, as from a device model that does not answer; cancelled. `thread` must outlive the task.
async::Task<Result<std::shared_ptr<const DomainConfig>>> kept_config(ContextThread& thread,
                                                                     hypervisor::DomId domid,
                                                                     async::CancelToken cancel);

/// How Xen runs a domain. libxl's own list does not tell PVH from HVM.
Result<domain::GuestType> guest_type(Context& context, hypervisor::DomId domid);

}  // namespace virtlight::xenlight
