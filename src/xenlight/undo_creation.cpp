// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/undo_creation.hpp"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "base/limits.hpp"
#include "base/log.hpp"
#include "xenlight/device_model_log.hpp"

namespace virtlight::xenlight {
namespace {

using hypervisor::DomId;

/// Whether something is left of a domain that could not be made.
Result<bool> is_left(Context& context, const Creation& creation) {
    if (creation.domid == static_cast<DomId>(INVALID_DOMID)) return false;
    return context.has(fmt::format("look for what is left of domain {}", creation.domid), creation.domid,
                       creation.definition.uuid);
}

Operations::Start start_removing_domain(Workers::Loan worker, DomId domid) {
    return [worker = std::move(worker), domid](libxl_ctx* ctx, const libxl_asyncop_how* how) {
        return libxl_domain_destroy(ctx, domid, how);
    };
}

async::Task<Result<>> remove_remains(Workers::Loan worker, std::shared_ptr<Creation> creation) {
    const auto left =
        co_await call(worker, [creation](Context& context) { return is_left(context, *creation); });
    if (!left) co_return std::unexpected(left.error());
    if (!*left) co_return Result<>{};
    co_return co_await worker->perform(
        {.what = fmt::format("remove the half-made domain {}", creation->domid),
         .start = start_removing_domain(worker, creation->domid),
         .abortable = false,
         .bound = limits::libxl_removal},
        {});
}

}  // namespace

async::Task<Error> undo_creation(Workers::Loan worker, std::shared_ptr<Creation> creation, Error why) {
    const auto said = co_await call(worker, [creation](Context&) -> Result<std::vector<std::string>> {
        return device_model_lines(creation->definition.name, creation->began);
    });
    if (said) std::ranges::copy(*said, std::back_inserter(why.details));
    auto removed = co_await remove_remains(worker, creation);
    if (!removed) why.details.push_back(removed.error().message);
    co_return why;
}

async::Task<> clear_away(Workers::Loan worker, std::shared_ptr<Creation> creation) {
    const auto removed = co_await remove_remains(worker, creation);
    if (removed)
        log::notice("libxl has ended what was given up, to {}; nothing is left of it", creation->what());
    else
        log::error("libxl has ended what was given up, to {}: {}", creation->what(), removed.error().message);
}

}  // namespace virtlight::xenlight
