// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/create.hpp"

#include <memory>
#include <utility>

#include "xenlight/make_domain.hpp"
#include "xenlight/make_ready.hpp"

namespace virtlight::xenlight {

using domain::Definition;
using hypervisor::Created;

async::Task<Result<Created>> create_domain(Making making, Definition definition,
                                           hypervisor::Operation operation) {
    if (auto none = check_none_was_given_up(making, definition); !none)
        co_return std::unexpected(std::move(none.error()));
    const auto creation =
        std::make_shared<Creation>(std::move(definition), making.builds, operation.progress);
    const Awaited awaited(creation->build);
    auto worker = co_await make_ready(making, creation, operation.cancel);
    if (!worker) co_return std::unexpected(std::move(worker.error()));
    co_return co_await make_domain(making, *worker, creation, nullptr, operation.cancel);
}

}  // namespace virtlight::xenlight
