// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/log.hpp"
#include "xenlight/keyboard.hpp"
#include "xenlight/xen_hypervisor.hpp"

/// What is done to a guest that runs, and goes on running.
namespace virtlight::xenlight {

using async::Task;
using hypervisor::DomId;
using hypervisor::Operation;

namespace {

using VcpuMap = Owned<libxl_bitmap, libxl_bitmap_init, libxl_bitmap_dispose>;

/// What the guest was built for: it never gets more, although libxl raises Xen's bound as far as it is told
/// to.
std::string static_max(DomId domid) {
    return fmt::format("/local/domain/{}/memory/static-max", domid);
}

Result<> within_what_it_was_built_for(Context& context, DomId domid, std::uint64_t memory_kib,
                                      std::string_view what) {
    const auto most = context.xenstore().read_number(static_max(domid));
    if (!most || memory_kib <= *most) return {};
    return fail(Reason::invalid_argument, "cannot {}: the guest was built for at most {} KiB", what, *most);
}

/// libxl writes the bound where it has written what the guest was built for. That is put back, as the bound
/// is Xen's to tell, and nobody could go back to what is no longer known.
Result<> move_bound(Context& context, DomId domid, std::uint64_t memory_kib, std::string_view what) {
    const auto built_for = context.xenstore().read(static_max(domid));
    auto moved = context.attempt(
        what, domid, [&](libxl_ctx* ctx) { return libxl_domain_setmaxmem(ctx, domid, memory_kib); });
    if (!moved || !built_for) return moved;
    if (const auto back = context.xenstore().write(static_max(domid), *built_for); !back)
        log::warning("domain {} can be given no more than {} KiB any more: {}", domid, memory_kib,
                     back.error().message);
    return moved;
}

}  // namespace

Task<Result<>> XenHypervisor::inject_nmi(DomId domid, Operation operation) {
    return act(asking_, "inject an NMI into", domid, std::move(operation),
               {.start = [domid](libxl_ctx* ctx, const libxl_asyncop_how* how) {
                   constexpr std::uint32_t first_vcpu = 0;
                   return libxl_send_trigger(ctx, domid, LIBXL_TRIGGER_NMI, first_vcpu, how);
               }});
}

Task<Result<>> XenHypervisor::send_keys(DomId domid, hypervisor::KeyPress press, Operation operation) {
    const auto what = fmt::format("send keys to domain {}", domid);
    log::debug("operation {}: {}", operation.id.value, what);
    auto sent = co_await async::run_blocking(
        model_threads_, core_, [domid, press = std::move(press)] { return press_keys(domid, press); });
    co_return co_await explained(asking_, what, domid, std::move(sent));
}

/// libxl would write it down for a domain that is not there, too.
Task<Result<>> XenHypervisor::send_sysrq(DomId domid, char key, Operation operation) {
    return tell("send SysRq to", domid, std::move(operation),
                [domid, key](Context& context, const std::string& what) {
                    return context.attempt(what, domid, [&](libxl_ctx* ctx) {
                        const int rc = libxl_domain_info(ctx, nullptr, domid);
                        return rc != 0 ? rc : libxl_send_sysrq(ctx, domid, key);
                    });
                });
}

Task<Result<>> XenHypervisor::rename(DomId domid, std::string name, Operation operation) {
    return tell("rename", domid, std::move(operation),
                [domid, name = std::move(name)](Context& context, const std::string& what) {
                    return context.attempt(what, domid, [&](libxl_ctx* ctx) {
                        constexpr const char* whatever_it_was = nullptr;
                        return libxl_domain_rename(ctx, domid, whatever_it_was, name.c_str());
                    });
                });
}

/// dom0 keeps to it without a bound, as when it is asked for a guest's memory: with one it could not be seen
/// how much it may have again.
Task<Result<>> XenHypervisor::set_memory(DomId domid, std::uint64_t memory_kib, Operation operation) {
    return tell(
        "set the memory of", domid, std::move(operation),
        [domid, memory_kib](Context& context, const std::string& what) -> Result<> {
            if (auto within = within_what_it_was_built_for(context, domid, memory_kib, what); !within)
                return within;
            return context.attempt(what, domid, [&](libxl_ctx* ctx) {
                constexpr int absolute = 0;
                const int and_no_more = domid == 0 ? 0 : 1;
                return libxl_set_memory_target(ctx, domid, static_cast<std::int64_t>(memory_kib), absolute,
                                               and_no_more);
            });
        },
        Whom::host_too);
}

Task<Result<>> XenHypervisor::set_memory_max(DomId domid, std::uint64_t memory_kib, Operation operation) {
    return tell(
        "set the maximum memory of", domid, std::move(operation),
        [domid, memory_kib](Context& context, const std::string& what) -> Result<> {
            if (auto within = within_what_it_was_built_for(context, domid, memory_kib, what); !within)
                return within;
            return move_bound(context, domid, memory_kib, what);
        },
        Whom::host_too);
}

Task<Result<>> XenHypervisor::set_vcpus(DomId domid, unsigned vcpus, Operation operation) {
    const auto online = std::make_shared<VcpuMap>();
    return act(asking_, "set the vCPUs of", domid, std::move(operation),
               {.start =
                    [domid, vcpus, online](libxl_ctx* ctx, const libxl_asyncop_how* how) {
                        const auto bits = static_cast<int>(vcpus);
                        if (const int rc = libxl_bitmap_alloc(ctx, online->get(), bits); rc != 0) return rc;
                        for (int vcpu = 0; vcpu < bits; ++vcpu)
                            libxl_bitmap_set(online->get(), vcpu);
                        return libxl_set_vcpuonline(ctx, domid, online->get(), how);
                    }},
               Whom::host_too);
}

/// What libxl does before it answers: no event comes for it.
Task<Result<>> XenHypervisor::tell(std::string verb, DomId domid, Operation operation, Telling telling,
                                   Whom whom) {
    const auto what = fmt::format("{} domain {}", verb, domid);
    log::debug("operation {}: {}", operation.id.value, what);
    if (domid == 0 && whom == Whom::guests)
        co_return fail(Reason::unsupported_operation, "cannot {}: it is the host itself", what);
    if (operation.cancel.cancelled()) co_return std::unexpected(error_of({.rc = ERROR_ABORTED}, what));
    if (auto free = co_await await_lock(verb, domid, operation.cancel); !free) co_return free;
    auto told = co_await asking_.call(
        [what, telling = std::move(telling)](Context& context) { return telling(context, what); });
    co_return co_await explained(asking_, what, domid, std::move(told));
}

}  // namespace virtlight::xenlight
