// SPDX-License-Identifier: LGPL-2.1-or-later
#include <optional>

#include "async/cancel.hpp"
#include "async/timing.hpp"
#include "base/limits.hpp"
#include "base/log.hpp"
#include "xenlight/describe.hpp"
#include "xenlight/save.hpp"
#include "xenlight/soft_reset.hpp"
#include "xenlight/stop_request.hpp"
#include "xenlight/xen_hypervisor.hpp"

/// Whether a guest runs: it is paused, put to sleep, reset, asked to stop, or taken apart.
namespace virtlight::xenlight {

using hypervisor::DomId;
using hypervisor::Operation;

async::Task<Result<>> XenHypervisor::suspend(DomId domid, Operation operation) {
    co_await late_suspends_.end(domid);
    const auto nobody_else =
        co_await asking_.call([domid](Context& context) { return check_not_suspended(context, domid); });
    if (!nobody_else)
        co_return std::unexpected(in_context(fmt::format("suspend domain {}", domid), nobody_else.error()));
    auto suspended = co_await act(asking_, "suspend", domid, std::move(operation),
                                  {.start = [domid](libxl_ctx* ctx, const libxl_asyncop_how* how) {
                                      return libxl_domain_suspend_only(ctx, domid, how);
                                  }});
    if (!suspended && domid != 0) co_await take_back_save(domid);  // the guest is asked for the same
    co_return suspended;
}

async::Task<Result<>> XenHypervisor::resume(DomId domid, Operation operation) {
    const auto guest =
        co_await asking_.call([domid](Context& context) { return look_at_suspending(context, domid); });
    if (!guest) co_return std::unexpected(guest.error());
    if (!guest->suspended)
        co_return fail(Reason::invalid_state, "cannot resume domain {}: it is not suspended", domid);
    // Its image would be of a guest that has changed meanwhile, and is what will be left of it.
    if (guest->saved_by_others)
        co_return fail(Reason::invalid_state, "cannot resume domain {}: another tool is saving it", domid);
    auto resumed =
        co_await act(asking_, "resume", domid, std::move(operation),
                     {.start = [domid](libxl_ctx* ctx, const libxl_asyncop_how* how) {
                         constexpr int it_knows_that_it_was_not_saved = 1;
                         return libxl_domain_resume(ctx, domid, it_knows_that_it_was_not_saved, how);
                     }});
    follow_anew(domid);
    co_return resumed;
}

/// Nobody who does not want it any more waits for it without end; but for a while, as most come to theirs in
/// that.
async::Task<Result<>> XenHypervisor::soft_reset(DomId domid, Operation operation) {
    const auto what = fmt::format("soft reset domain {}", domid);
    log::debug("operation {}: {}", operation.id.value, what);
    const auto worker = co_await borrow(workers_, what, operation);
    if (!worker) co_return std::unexpected(worker.error());
    async::CancelSource enough;
    std::optional<async::Deadline> grace;
    const auto unwanted =
        operation.cancel.on_cancel([&] { grace.emplace(core_, core_.now() + limits::libxl_abort, enough); });
    auto reset = co_await soft_reset_domain(*worker, domid, enough.token());
    if (reset) follow_anew(domid);
    co_return co_await explained(**worker, what, domid, std::move(reset));
}

async::Task<Result<bool>> XenHypervisor::is_paused(DomId domid, std::string_view verb) {
    return asking_.call(
        [domid, what = fmt::format("{} domain {}", verb, domid)](Context& context) -> Result<bool> {
            DomainInfo info;
            if (auto read = context.read_info(what, domid, info); !read)
                return std::unexpected(std::move(read.error()));
            return info->paused;
        });
}

/// Xen counts pauses, those of other tools among them: one unpause is to be enough.
async::Task<Result<>> XenHypervisor::unpause(DomId domid, Operation operation) {
    for (unsigned i = 0; i < limits::pauses_of_a_domain; ++i) {
        const auto paused = co_await is_paused(domid, "unpause");
        if (!paused) co_return std::unexpected(paused.error());
        if (!*paused) co_return Result<>{};
        auto unpaused = co_await act(asking_, "unpause", domid, operation,
                                     {.start = [domid](libxl_ctx* ctx, const libxl_asyncop_how* how) {
                                         return libxl_domain_unpause(ctx, domid, how);
                                     }});
        if (!unpaused) {
            // libxl refuses when another tool was quicker.
            const auto still = co_await is_paused(domid, "unpause");
            if (!still || *still) co_return unpaused;
        }
    }
    co_return fail(Reason::operation_failed, "cannot unpause domain {}: it is paused more than {} times",
                   domid, limits::pauses_of_a_domain);
}

async::Task<Result<>> XenHypervisor::pause(DomId domid, Operation operation) {
    const auto paused = co_await is_paused(domid, "pause");
    if (!paused) co_return std::unexpected(paused.error());
    if (*paused) co_return Result<>{};
    co_return co_await act(asking_, "pause", domid, std::move(operation),
                           {.start = [domid](libxl_ctx* ctx, const libxl_asyncop_how* how) {
                               return libxl_domain_pause(ctx, domid, how);
                           }});
}

async::Task<Result<>> XenHypervisor::request_shutdown(DomId domid, hypervisor::ShutdownMethod method,
                                                      Operation operation) {
    if (method == hypervisor::ShutdownMethod::acpi) return press_power_button(domid, std::move(operation));
    return ask_to_stop(domid, {"shut down", "poweroff", libxl_domain_shutdown}, std::move(operation));
}

/// Xen takes the button of a PVH guest for pressed and does nothing.
async::Task<Result<>> XenHypervisor::press_power_button(DomId domid, Operation operation) {
    const auto type = co_await asking_.call([domid](Context& context) { return guest_type(context, domid); });
    if (!type) co_return std::unexpected(type.error());
    if (*type != domain::GuestType::hvm) {
        co_return fail(Reason::unsupported_operation,
                       "cannot shut down domain {} by ACPI: it is no HVM guest and has no power button",
                       domid);
    }
    co_return co_await act(asking_, "press the power button of", domid, std::move(operation),
                           {.start = [domid](libxl_ctx* ctx, const libxl_asyncop_how* how) {
                               return libxl_send_trigger(ctx, domid, LIBXL_TRIGGER_POWER, 0, how);
                           }});
}

async::Task<Result<>> XenHypervisor::request_reboot(DomId domid, Operation operation) {
    return ask_to_stop(domid, {"reboot", "reboot", libxl_domain_reboot}, std::move(operation));
}

/// One that nobody wants any more is taken back where it was asked, as libxl leaves it standing. A destroy of
/// the guest may wait for that: it is a moment, as the context has only just answered, and bounded as any
/// call.
async::Task<Result<>> XenHypervisor::ask_to_stop(DomId domid, StopRequest request, Operation operation) {
    const auto asked = std::make_shared<bool>(false);  // the context's thread's
    auto acknowledged =
        co_await act(asking_, request.verb, domid, std::move(operation),
                     {.start = [asked, domid, request](libxl_ctx* ctx, const libxl_asyncop_how* how) {
                         const int rc = request.ask(ctx, domid, how);
                         *asked = rc == 0;
                         return rc;
                     }});
    if (acknowledged || acknowledged.error().reason != Reason::cancelled) co_return acknowledged;
    const auto taken_back = co_await asking_.call([asked, domid, request](Context& context) -> Result<bool> {
        if (!*asked) return true;
        return take_back(context, domid, request.word);
    });
    if (!taken_back)
        log::warning("domain {} may still {}: {}", domid, request.verb, taken_back.error().message);
    if (taken_back && !*taken_back) co_return Result<>{};
    co_return acknowledged;
}

/// Never cut short: a domain that is half destroyed is of no use to anybody.
async::Task<Result<>> XenHypervisor::destroy(DomId domid, Operation operation) {
    if (auto free = co_await await_lock("destroy", domid, operation.cancel); !free) co_return free;
    co_return co_await act(
        destroying_, "destroy", domid, std::move(operation),
        {.start = [domid](libxl_ctx* ctx,
                          const libxl_asyncop_how* how) { return libxl_domain_destroy(ctx, domid, how); },
         .abortable = false});
}

}  // namespace virtlight::xenlight
