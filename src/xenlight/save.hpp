// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <memory>

#include "async/blocking.hpp"
#include "async/cancel.hpp"
#include "async/scheduler.hpp"
#include "async/task.hpp"
#include "hypervisor/port.hpp"
#include "xenlight/image_stream.hpp"
#include "xenlight/workers.hpp"

namespace virtlight::xenlight {

/// Where and for whom images are moved. The threads have one for each worker, so that nobody waits.
struct Movers {
    async::Scheduler& core;
    std::shared_ptr<CoreLink> link;
    async::Blocking& threads;
};

/// One image on its way, and the core's side of it: what the operation needs in common.
struct Moving {
    std::shared_ptr<const Channel> channel;
    std::shared_ptr<HeldAbort> abort = std::make_shared<HeldAbort>();
    async::CancelToken::Registration wish{};  ///< the caller's, to cut it short

    static Result<std::shared_ptr<Moving>> begin(const hypervisor::Operation& operation);
    Journey journey(const Movers& movers, const hypervisor::Operation& operation) const {
        return {movers.link, abort, operation.progress};
    }
};

/// What came to nothing because of `why`: "cannot <what>: <why>".
Error in_context(std::string_view what, Error why);

/// Suspends a guest and saves it. When that fails or is cancelled, it goes on and no file is left.
async::Task<Result<>> save_domain(Workers::Loan worker, Movers movers, hypervisor::DomId domid,
                                  hypervisor::ImageHead head, std::filesystem::path path,
                                  hypervisor::Operation operation);

/// After a suspend or a save that failed: libxl leaves such a guest suspended, or it suspends itself only
/// after it was cut short.
async::Task<> let_go_on(Workers::Loan worker, async::Scheduler& core, hypervisor::DomId domid);

/// Whether the guest has stopped to be saved. no_domain.
Result<bool> is_suspended(Context& context, hypervisor::DomId domid);

}  // namespace virtlight::xenlight
