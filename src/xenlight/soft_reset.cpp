// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/soft_reset.hpp"

#include <memory>

#include "xenlight/libxl.hpp"

namespace virtlight::xenlight {

/// libxl wants to be told what it has written down itself. Not cut short in the midst: what is half reset is
/// of no use.
async::Task<Result<>> soft_reset_domain(Workers::Loan worker, hypervisor::DomId domid) {
    const auto what = fmt::format("soft reset domain {}", domid);
    const auto config = std::make_shared<DomainConfig>();
    auto read = co_await worker->perform(
        {.what = what,
         .domid = domid,
         .start =
             [worker, config, domid](libxl_ctx* ctx, const libxl_asyncop_how* how) {
                 return libxl_retrieve_domain_configuration(ctx, domid, config->get(), how);
             }},
        {});
    if (!read) co_return read;
    co_return co_await worker->perform(
        {.what = what,
         .domid = domid,
         .start =
             [worker, config, domid](libxl_ctx* ctx, const libxl_asyncop_how* how) {
                 return libxl_domain_soft_reset(ctx, config->get(), domid, how, nullptr);
             },
         .abortable = false},
        {});
}

}  // namespace virtlight::xenlight
