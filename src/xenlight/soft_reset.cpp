// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/soft_reset.hpp"

#include <memory>
#include <vector>

#include "xenlight/describe.hpp"
#include "xenlight/device_acts.hpp"
#include "xenlight/libxl.hpp"
#include "xenlight/links.hpp"
#include "xenlight/nics.hpp"
#include "xenlight/save.hpp"

namespace virtlight::xenlight {
namespace {

using hypervisor::DomId;

/// What has been changed while the guest ran, which libxl has not written down.
struct Changed {
    domain::GuestType type{};
    std::vector<domain::Nic> nics{};
};

Result<Changed> read_changed(Context& context, DomId domid, const libxl_domain_config& config) {
    const auto type = guest_type(context, domid);
    if (!type) return std::unexpected(type.error());
    Changed changed{*type, read_nics(config, *type)};
    look_at_nics(context.xenstore(), domid, changed.nics);
    return changed;
}

Result<> change_again(Context& context, DomId domid, const Changed& changed) {
    for (const auto& nic : changed.nics)
        if (auto written = write_rate(context.xenstore(), domid, nic); !written) return written;
    return set_links(domid, changed.type, changed.nics);
}

}  // namespace

/// libxl wants to be told what it has written down itself. It is not cut short in the midst: what is half
/// reset is of no use.
async::Task<Result<>> soft_reset_domain(Workers::Loan worker, DomId domid, async::CancelToken cancel) {
    const auto what = fmt::format("soft reset domain {}", domid);
    const auto config = std::make_shared<DomainConfig>();
    auto read = co_await worker->perform(
        {.what = what,
         .domid = domid,
         .start =
             [worker, config, domid](libxl_ctx* ctx, const libxl_asyncop_how* how) {
                 return libxl_retrieve_domain_configuration(ctx, domid, config->get(), how);
             },
         .abortable = false},
        cancel);
    if (!read) co_return read;
    auto changed = co_await call(
        worker, [config, domid](Context& context) { return read_changed(context, domid, **config); });
    if (!changed) co_return std::unexpected(in_context(what, std::move(changed.error())));
    auto reset = co_await worker->perform(
        {.what = what,
         .domid = domid,
         .start =
             [worker, config, domid](libxl_ctx* ctx, const libxl_asyncop_how* how) {
                 return libxl_domain_soft_reset(ctx, config->get(), domid, how, nullptr);
             },
         .abortable = false},
        cancel);
    if (!reset) co_return reset;
    auto again = co_await call(worker, [domid, changed = std::move(*changed)](Context& context) {
        return change_again(context, domid, changed);
    });
    if (!again) co_return std::unexpected(in_context(what, std::move(again.error())));
    co_return again;
}

}  // namespace virtlight::xenlight
