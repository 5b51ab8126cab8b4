// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/limits.hpp"
#include "base/log.hpp"
#include "hypervisor/disk_files.hpp"
#include "xenlight/describe.hpp"
#include "xenlight/device_acts.hpp"
#include "xenlight/domain_config.hpp"
#include "xenlight/host_devices.hpp"
#include "xenlight/xen_hypervisor.hpp"

/// The devices of a guest that runs come and go.
namespace virtlight::xenlight {

using async::Task;
using domain::Device;
using domain::Disk;
using domain::Nic;
using hypervisor::DomId;
using hypervisor::Operation;

namespace {

Result<bool> has_now(Context& context, DomId domid, const Device& device) {
    if (is_there(context.xenstore(), domid, device)) return true;
    // Not seen is only gone if xenstored answers.
    if (auto answers = context.xenstore().check(); !answers)
        return std::unexpected(std::move(answers.error()));
    return false;
}

/// What is there came from another tool, and libxl has made nothing.
bool is_anothers(const Result<>& added) {
    return !added && added.error().reason == Reason::invalid_argument;
}

/// Whether the guest has got it that it was for.
Result<bool> has_come(Context& context, const Attach& attach) {
    if (!attach.uuid) return false;
    const auto what = fmt::format("look for {} of domain {}", name_of(attach.device), attach.domid);
    auto alive = context.has(what, attach.domid, *attach.uuid);
    if (!alive || !*alive) return alive;
    return has_now(context, attach.domid, attach.device);
}

Task<Result<>> remove_late(Workers::Loan thread, std::shared_ptr<Attach> attach) {
    const auto come =
        co_await call(thread, [attach](Context& context) { return has_come(context, *attach); });
    if (!come) co_return std::unexpected(come.error());
    if (!*come) co_return Result<>{};
    co_return co_await thread->perform(
        {.what = fmt::format("take {} from domain {} again", name_of(attach->device), attach->domid),
         .domid = attach->domid,
         .start = keeping(thread, start_destroying(attach->domid, attach->device))},
        {});
}

/// Of an attach that libxl has ended after it was given up: its guest's definition has nothing of it, and
/// another guest may be given what serves it.
Task<> clear_late_away(Workers::Loan thread, std::shared_ptr<Attach> attach) {
    const auto what = fmt::format("attach {} to domain {}", name_of(attach->device), attach->domid);
    const auto taken = co_await remove_late(thread, attach);
    if (taken)
        log::notice("libxl has ended what was given up, to {}; nothing is left of it", what);
    else
        log::error("libxl has ended what was given up, to {}: {}", what, taken.error().message);
}

}  // namespace

Task<Result<bool>> XenHypervisor::has_device(DomId domid, Device device) {
    return asking_.call(
        [domid, device = std::move(device)](Context& context) { return has_now(context, domid, device); });
}

/// A device of the host is taken from its driver and reset while libxl holds the thread, and a guest that
/// does not answer for a PCI device keeps it there for half a minute. What is a disk's may be on storage that
/// has died since it was looked at, and libxl opens that on the thread, too.
Task<Result<Workers::Loan>> XenHypervisor::thread_for(Device device, std::string what, Operation operation) {
    const bool holds_the_thread = std::holds_alternative<domain::PciDevice>(device) ||
                                  std::holds_alternative<domain::UsbDevice>(device) ||
                                  std::holds_alternative<Disk>(device);
    if (holds_the_thread) co_return co_await borrow(workers_, std::move(what), std::move(operation));
    co_return not_on_loan(asking_);
}

/// xl's way to reserve regions is the guest's, and libxl's each device's.
Task<Result<Operations::Start>> XenHypervisor::adding(DomId domid, Device device) {
    if (!std::holds_alternative<domain::PciDevice>(device)) co_return start_adding(domid, device);
    const auto kept = co_await kept_config(asking_, domid, {});
    if (!kept) co_return std::unexpected(kept.error());
    co_return start_adding(domid, device, *kept ? region_policy(***kept) : LIBXL_RDM_RESERVE_POLICY_INVALID);
}

/// libxl finds out late that a file is missing; of a drive, when it has thrown out what was in it.
Task<Result<>> XenHypervisor::check_device_files(Device device, std::string what) {
    const auto* const disk = std::get_if<Disk>(&device);
    if (!disk || !hypervisor::is_served_here(*disk)) co_return Result<>{};
    auto place = place_of(disk->path);
    auto checked = co_await looks_.look(std::move(place),
                                        [disk = *disk] { return hypervisor::check_disk_files({&disk, 1}); });
    if (!checked) co_return std::unexpected(in_context(what, std::move(checked.error())));
    co_return checked;
}

/// Whom the domid names is looked up where libxl begins, as nothing can come between there.
ContextThread::Ao XenHypervisor::giving(Workers::Loan thread, std::shared_ptr<Attach> attach,
                                        Operations::Start start) {
    return {.start = keeping(
                thread,
                [attach, start = std::move(start)](libxl_ctx* ctx, const libxl_asyncop_how* how) mutable {
                    DomainInfo info;
                    if (libxl_domain_info(ctx, info.get(), attach->domid) == 0)
                        attach->uuid = uuid_of(info->uuid);
                    return start(ctx, how);
                }),
            .given_up = [attach] { attach->given_up = true; },
            .ended_late =
                [thread, attach, &late = late_](const Result<Ended>& ended) {
                    // What is there is another tool's.
                    if (ended && ended->rc == ERROR_DEVICE_EXISTS) return;
                    late.spawn(clear_late_away(thread, attach));
                }};
}

/// What is given up is not looked for here: libxl may be about to write it down.
Task<Result<>> XenHypervisor::give(std::shared_ptr<Attach> attach, Operation operation) {
    const auto domid = attach->domid;
    const auto device = attach->device;
    const auto name = name_of(device);
    const auto what = fmt::format("attach {} to domain {}", name, domid);
    if (auto good = co_await check_device_files(device, what); !good) co_return good;
    const auto thread = co_await thread_for(device, what, operation);
    if (!thread) co_return std::unexpected(thread.error());
    const auto verb = fmt::format("attach {} to", name);
    if (auto free = co_await await_lock(verb, domid, operation.cancel); !free) co_return free;
    auto start = co_await adding(domid, device);
    if (!start) co_return std::unexpected(in_context(what, std::move(start.error())));
    // As late as can be: of a PCI or a USB device libxl does not say that another tool was faster.
    const auto before = co_await has_device(domid, device);
    if (!before) co_return std::unexpected(before.error());
    if (*before) co_return std::unexpected(error_of({.rc = ERROR_DEVICE_EXISTS}, what));
    auto added = co_await act(**thread, verb, domid, operation, giving(*thread, attach, std::move(*start)));
    if (attach->given_up || is_anothers(added)) co_return added;
    if (const auto* const nic = std::get_if<Nic>(&device); added && nic && nic->link_down)
        added = co_await set_link(domid, *nic, what);
    if (added) co_return added;
    // libxl leaves what it has made of it so far.
    const auto left = co_await has_device(domid, device);
    if (!left || !*left) co_return added;
    auto removed = co_await act(**thread, fmt::format("remove what is left of {} from", name), domid,
                                {.id = operation.id},
                                {.start = keeping(*thread, start_destroying(domid, device)),
                                 .abortable = false,
                                 .bound = limits::libxl_removal});
    if (!removed) added.error().details.push_back(std::move(removed.error().message));
    co_return added;
}

Task<Result<>> XenHypervisor::attach(DomId domid, Device device, Operation operation) {
    if (attaches_.may_still_come(domid, device))
        co_return fail(Reason::operation_failed,
                       "cannot attach {} to domain {}: an earlier attach of it was given up, and libxl has "
                       "not ended it yet",
                       name_of(device), domid);
    const auto attach = attaches_.begin(domid, std::move(device));
    auto given = co_await give(attach, std::move(operation));
    // Only of what may still come it is said so.
    if (!given && given.error().reason == Reason::timed_out && !attach->given_up)
        given.error().reason = Reason::operation_failed;
    co_return given;
}

Task<Result<>> XenHypervisor::detach(DomId domid, Device device, Operation operation) {
    const auto name = name_of(device);
    const auto what = fmt::format("detach {} from domain {}", name, domid);
    const auto there = co_await has_device(domid, device);
    if (!there) co_return std::unexpected(there.error());
    if (!*there) {
        auto missing = co_await explained(
            asking_, what, domid,
            fail(Reason::operation_failed, "cannot {}: Xen has no such device of it", what));
        if (missing.error().reason == Reason::operation_failed) missing.error().reason = Reason::no_device;
        co_return missing;
    }

    const auto thread = co_await thread_for(device, what, operation);
    if (!thread) co_return std::unexpected(thread.error());
    auto removed = co_await act(**thread, fmt::format("detach {} from", name), domid, operation,
                                {.start = keeping(*thread, start_removing(domid, device))});
    if (removed || removed.error().reason == Reason::no_domain) co_return removed;
    // What libxl says of a removal that it has given up or was cut short in is not the whole truth.
    const auto kept = co_await has_device(domid, device);
    if (kept && !*kept) co_return Result<>{};
    if (removed.error().reason == Reason::timed_out)
        removed.error().message =
            fmt::format("cannot {}: the guest has not let go of it in time; it may still do so", what);
    co_return removed;
}

}  // namespace virtlight::xenlight
