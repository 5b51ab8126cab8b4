// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "async/cancel.hpp"
#include "async/task.hpp"
#include "base/uuid.hpp"
#include "hypervisor/port.hpp"
#include "xenlight/image_stream.hpp"
#include "xenlight/movers.hpp"
#include "xenlight/workers.hpp"

namespace virtlight::xenlight {

/// One image on its way, and the core's side of it: what the operations have in common.
struct Moving {
    std::shared_ptr<HeldAbort> abort = std::make_shared<HeldAbort>();
    async::CancelToken::Registration wish{};  ///< the caller's, to cut it short

    static std::shared_ptr<Moving> begin(const hypervisor::Operation& operation);
    Journey journey(const Movers& movers, const hypervisor::Operation& operation) const {
        return {movers.link, abort, operation.progress};
    }
};

/// What became of a save.
struct Saved {
    Result<> result{};
    std::optional<Uuid> may_suspend{};  ///< as let_go_on() answers
};

/// Creates the file that a guest is to be saved in, with room for it where the file system can take that.
async::Task<Result<std::shared_ptr<hypervisor::ImageWriter>>> create_image(Movers movers, std::string what,
                                                                           hypervisor::ImageHead head,
                                                                           std::filesystem::path path,
                                                                           hypervisor::Operation operation);

/// Suspends a guest and saves it into `image`. When that fails or is cancelled, it goes on and no file is
/// left, also if the storage does not answer: then the file goes when it does. `asking`, who looks after the
/// guest then, is another context's thread, as `worker` may be what has hung.
async::Task<Saved> save_domain(Workers::Loan worker, Workers::Loan asking, Movers movers,
                               hypervisor::DomId domid, std::shared_ptr<hypervisor::ImageWriter> image,
                               hypervisor::Operation operation);

/// Lets a guest go on after a suspend or a save that has failed, as libxl leaves it suspended; and takes back
/// the request, which libxl leaves standing if it was cut short. One that another tool is saving by now stays
/// as it is. Returns the guest's uuid if it has acknowledged the request, and so may still suspend itself.
async::Task<std::optional<Uuid>> let_go_on(Workers::Loan worker, hypervisor::DomId domid);

/// Lets a guest go on that has suspended itself for nothing. `worker` may be any context's thread.
async::Task<> resume_for_nothing(Workers::Loan worker, hypervisor::DomId domid);

/// What a guest makes of a request that it suspend itself.
struct Suspending {
    Uuid uuid{};
    bool suspended = false;        ///< it has stopped to be saved
    bool asked = false;            ///< it is asked to, and has not acknowledged that
    bool saved_by_others = false;  ///< it has stopped, and another tool copies its memory
};
/// no_domain.
Result<Suspending> look_at_suspending(Context& context, hypervisor::DomId domid);
/// To be asked before a guest is asked to suspend itself: one that another tool has suspended has to stay so.
/// invalid_state: it is suspended; no_domain.
Result<> check_not_suspended(Context& context, hypervisor::DomId domid);

/// Hears of whatever anybody asks of a guest from now on, although it may have acknowledged that before the
/// next look at it. The context's connection to xenstored holds this, and it goes with that. The context's
/// thread's.
struct Requests {
    bool counted = false;  ///< a watch fires for the first time of itself
    bool anew = false;
};
Result<std::weak_ptr<Requests>> listen_to_requests(Context& context, hypervisor::DomId domid);
void ignore_requests(Context& context, hypervisor::DomId domid);
/// Whether nobody has asked anything of it before the last look at it. False also if that is not known, as
/// the connection was lost.
bool asked_by_nobody(Context& context, const std::weak_ptr<Requests>& requests);

}  // namespace virtlight::xenlight
