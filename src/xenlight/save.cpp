// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/save.hpp"

#include <utility>

#include "async/timing.hpp"
#include "base/limits.hpp"
#include "base/log.hpp"
#include "xenlight/domain_config.hpp"
#include "xenlight/save_helpers.hpp"
#include "xenlight/stop_request.hpp"

namespace virtlight::xenlight {
namespace {

using async::Task;
using hypervisor::DomId;
using hypervisor::ImageWriter;

constexpr const char* suspend_request = "suspend";

/// The channel is shut when libxl has come to its end.
Operations::Start start_saving(Workers::Loan worker, DomId domid, std::shared_ptr<const Channel> channel) {
    return
        [worker = std::move(worker), domid, channel, shut = std::make_unique<Shut<const Channel>>(channel)](
            libxl_ctx* ctx, const libxl_asyncop_how* how) {
            constexpr int stop_the_guest_first = 0;
            return libxl_domain_suspend(ctx, domid, channel->libxls->get(), stop_the_guest_first, how);
        };
}

/// The end of a save for whoever wants it, which libxl, if it has been given up, has not come to: a write of
/// its first bytes that fails would crash the daemon.
struct Parting {
    std::shared_ptr<HeldAbort> abort;
    std::shared_ptr<const Channel> channel;

    void shut() const {
        abort->when_bearable([channel = channel] { channel->shut(); });
    }
};

/// Through libxl into the file, which has its final name at the end.
Task<Result<>> write_image(Workers::Loan worker, Movers movers, DomId domid,
                           std::shared_ptr<ImageWriter> image, hypervisor::Operation operation,
                           std::string what) {
    auto opened = Channel::open();
    if (!opened) co_return std::unexpected(in_context(what, opened.error()));
    const auto channel = std::make_shared<const Channel>(std::move(*opened));
    const auto moving = Moving::begin(operation);
    const auto parting = std::make_shared<const Parting>(moving->abort, channel);
    const Shut<const Parting> shut(parting);
    const auto received =
        movers.begin([image, channel, journey = moving->journey(movers, operation)]() mutable {
            return receive(*image, channel->ours, std::move(journey));
        });
    const auto saved = co_await worker->perform({.what = what,
                                                 .domid = domid,
                                                 .start = start_saving(worker, domid, channel),
                                                 .progress = operation.progress,
                                                 .silence = limits::save_silence,
                                                 .waits_for_guest = true,
                                                 .cut_short = [abort = moving->abort] { abort->wish(); }},
                                                moving->abort->token());
    parting->shut();
    // Of an image that has come to nothing only its reason is wanted: its guest waits.
    const auto written =
        co_await movers.answer(received, saved ? Duration(limits::save_silence) : limits::mover_goodbye,
                               saved ? operation.cancel : async::CancelToken());
    if (operation.cancel.cancelled()) co_return std::unexpected(error_of({.rc = ERROR_ABORTED}, what));
    if (!written && (saved || written.error().reason != Reason::timed_out))
        co_return std::unexpected(of_storage(what, written.error()));
    if (!saved) co_return saved;
    operation.tell_stage(hypervisor::Stage::syncing);
    co_return co_await commit_image(movers, what, std::move(image), operation.cancel);
}

}  // namespace

std::shared_ptr<Moving> Moving::begin(const hypervisor::Operation& operation) {
    auto moving = std::make_shared<Moving>();
    moving->wish = operation.cancel.on_cancel([abort = moving->abort] { abort->wish(); });
    return moving;
}

Task<Result<std::shared_ptr<ImageWriter>>> create_image(Movers movers, std::string what,
                                                        hypervisor::ImageHead head,
                                                        std::filesystem::path path,
                                                        hypervisor::Operation operation) {
    if (operation.cancel.cancelled()) co_return std::unexpected(error_of({.rc = ERROR_ABORTED}, what));
    const auto bytes = head.definition.memory_kib * 1024;
    if (operation.progress) operation.progress->bytes_all = bytes;
    const auto creating =
        movers.begin([path = std::move(path), head = std::move(head), bytes,
                      bypass = operation.bypass_cache]() -> Result<std::shared_ptr<ImageWriter>> {
            auto created = ImageWriter::create(path, head);
            if (!created) return std::unexpected(std::move(created.error()));
            if (bypass) created->bypass_cache();
            // Not found out only when the guest has stopped.
            if (auto room = created->reserve(bytes); !room) return std::unexpected(std::move(room.error()));
            return std::make_shared<ImageWriter>(std::move(*created));
        });
    co_return co_await created(movers, what, creating, operation.cancel);
}

Task<Saved> save_domain(Workers::Loan worker, Workers::Loan asking, Movers movers, DomId domid,
                        std::shared_ptr<ImageWriter> image, hypervisor::Operation operation) {
    const auto what = fmt::format("save domain {}", domid);
    if (operation.cancel.cancelled()) co_return Saved{std::unexpected(error_of({.rc = ERROR_ABORTED}, what))};
    const auto nobody_else =
        co_await call(worker, [domid](Context& context) { return check_not_suspended(context, domid); });
    if (!nobody_else) co_return Saved{std::unexpected(in_context(what, nobody_else.error()))};
    Saved saved{co_await write_image(worker, movers, domid, image, operation, what)};
    if (!saved.result) saved.may_suspend = co_await let_go_on(asking, domid);
    co_return saved;
}

Task<std::optional<Uuid>> let_go_on(Workers::Loan worker, DomId domid) {
    struct Left {
        Suspending guest;
        bool withdrawn = false;
    };
    const auto left = co_await call(worker, [domid](Context& context) -> Result<Left> {
        const auto withdrawn = context.xenstore().withdraw(stop_request(domid), suspend_request);
        if (!withdrawn) log::warning("domain {} may suspend itself: {}", domid, withdrawn.error().message);
        auto guest = look_at_suspending(context, domid);
        if (!guest) return std::unexpected(std::move(guest.error()));
        return Left{*guest, withdrawn && *withdrawn == suspend_request};
    });
    if (!left) {
        if (left.error().reason != Reason::no_domain)
            log::warning("domain {} may suspend itself and stay so: {}", domid, left.error().message);
        co_return std::nullopt;
    }
    if (left->guest.saved_by_others) co_return std::nullopt;
    if (!left->guest.suspended) co_return left->withdrawn ? std::nullopt : std::optional(left->guest.uuid);
    co_await resume_for_nothing(worker, domid);
    co_return std::nullopt;
}

Task<> resume_for_nothing(Workers::Loan worker, DomId domid) {
    const auto resumed = co_await worker->perform(
        {.what = fmt::format("resume domain {}", domid),
         .domid = domid,
         .start =
             [worker, domid](libxl_ctx* ctx, const libxl_asyncop_how* how) {
                 constexpr int it_knows_that_it_was_not_saved = 1;
                 return libxl_domain_resume(ctx, domid, it_knows_that_it_was_not_saved, how);
             }},
        {});
    if (!resumed) log::error("{}", resumed.error().message);
}

Result<> check_not_suspended(Context& context, DomId domid) {
    const auto guest = look_at_suspending(context, domid);
    if (!guest) return std::unexpected(guest.error());
    if (!guest->suspended) return {};
    return fail(Reason::invalid_state, "another tool has suspended it, and may be copying its memory");
}

Result<Suspending> look_at_suspending(Context& context, DomId domid) {
    DomainInfo info;
    if (auto read = context.read_info(fmt::format("look at domain {}", domid), domid, info); !read)
        return std::unexpected(std::move(read.error()));
    const bool suspended = info->shutdown && info->shutdown_reason == LIBXL_SHUTDOWN_REASON_SUSPEND;
    return Suspending{uuid_of(info->uuid), suspended,
                      context.xenstore().read(stop_request(domid)) == suspend_request,
                      suspended && is_saved_by_others(domid)};
}

Result<std::weak_ptr<Requests>> listen_to_requests(Context& context, DomId domid) {
    auto requests = std::make_shared<Requests>();
    const std::weak_ptr<Requests> known(requests);
    auto watched = context.xenstore().watch(
        stop_request(domid), [requests = std::move(requests)] { requests->anew = requests->counted; });
    if (!watched) return std::unexpected(std::move(watched.error()));
    // With its answer the watch has fired for the first time.
    if (auto answers = context.xenstore().check(); !answers)
        return std::unexpected(std::move(answers.error()));
    context.xenstore().drain();
    if (const auto counting = known.lock()) counting->counted = true;
    return known;
}

void ignore_requests(Context& context, DomId domid) {
    context.xenstore().unwatch(stop_request(domid));
}

bool asked_by_nobody(Context& context, const std::weak_ptr<Requests>& requests) {
    if (!context.xenstore().check()) return false;
    context.xenstore().drain();
    const auto known = requests.lock();
    return known && !known->anew;
}

}  // namespace virtlight::xenlight
