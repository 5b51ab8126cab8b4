// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/make_domain.hpp"

#include <algorithm>
#include <functional>
#include <utility>

#include "base/limits.hpp"
#include "base/log.hpp"
#include "xenlight/console_ttys.hpp"
#include "xenlight/links.hpp"
#include "xenlight/screens.hpp"
#include "xenlight/undo_creation.hpp"

namespace virtlight::xenlight {

using hypervisor::Created;
using hypervisor::Stage;

namespace {

Operations::Start start_creating(Workers::Loan worker, std::shared_ptr<Creation> creation) {
    return [worker = std::move(worker), creation = std::move(creation)](libxl_ctx* ctx,
                                                                        const libxl_asyncop_how* how) {
        if (!creation->stream)
            return libxl_domain_create_new(ctx, creation->config.get(), &creation->domid, how, nullptr);
        constexpr int no_way_back = -1;
        return libxl_domain_create_restore(ctx, creation->config.get(), &creation->domid,
                                           creation->stream->get(), no_way_back, creation->parameters.get(),
                                           how, nullptr);
    };
}

ContextThread::Ao making_of(Workers::Loan worker, std::shared_ptr<Creation> creation, async::Scope& late,
                            std::move_only_function<void()> cut_short) {
    return {
        .what = creation->what(),
        .start = start_creating(worker, creation),
        .given_up = [build = creation->build] { build->given_up = true; },
        .ended_late = [worker, creation, &late](const auto&) { late.spawn(clear_away(worker, creation)); },
        .progress = creation->progress,
        .silence = creation->stream ? limits::restore_silence : Duration::zero(),
        .cut_short = std::move(cut_short)};
}

/// What libxl cannot be told of it. Its guest has not run yet.
async::Task<Result<>> settle_links(Workers::Loan worker, std::shared_ptr<Creation> creation) {
    const bool all_up = std::ranges::none_of(creation->definition.nics, &domain::Nic::link_down);
    if (all_up) co_return Result<>{};
    auto set = co_await call(worker, [creation](Context&) {
        return set_links(creation->domid, creation->definition.type, creation->definition.nics);
    });
    if (!set) co_return std::unexpected(in_context(creation->what(), std::move(set.error())));
    co_return set;
}

Created created(Context& context, const Creation& creation) {
    Created made{.domid = creation.domid, .consoles = creation.definition.consoles};
    find_ttys(context.xenstore(), creation.domid, made.consoles);
    if (creation.definition.graphics.vnc) made.vnc_port = vnc_port(context, creation.domid);
    if (creation.spice_port) made.spice_port = creation.spice_port->number();
    return made;
}

/// Its consoles are found later if they cannot be now.
async::Task<Created> look_at_made(Workers::Loan worker, std::shared_ptr<Creation> creation) {
    auto made = co_await call(
        worker, [creation](Context& context) -> Result<Created> { return created(context, *creation); });
    if (made) co_return std::move(*made);
    log::warning("what domain '{}' was made with is not known yet: {}", creation->definition.name,
                 made.error().message);
    Created bare{.domid = creation->domid, .consoles = creation->definition.consoles};
    if (creation->spice_port) bare.spice_port = creation->spice_port->number();
    for (auto& console : bare.consoles)
        console.tty.clear();
    co_return bare;
}

}  // namespace

async::Task<Result<Created>> make_domain(Making making, Workers::Loan worker,
                                         std::shared_ptr<Creation> creation, std::shared_ptr<HeldAbort> abort,
                                         async::CancelToken cancel) {
    std::move_only_function<void()> cut_short;
    if (abort) cut_short = [abort] { abort->wish(); };
    creation->tell_stage(creation->stream ? Stage::restoring : Stage::building);
    auto made = co_await worker->perform(making_of(worker, creation, making.late, std::move(cut_short)),
                                         abort ? abort->token() : cancel);
    if (creation->build->given_up) co_return std::unexpected(std::move(made.error()));
    if (made) made = co_await settle_links(worker, creation);
    // libxl may have come to its end before it could be cut short; and of an abort of a restore it says that
    // it failed.
    if (cancel.cancelled()) made = std::unexpected(error_of({.rc = ERROR_ABORTED}, creation->what()));
    if (!made) co_return std::unexpected(co_await undo_creation(worker, creation, std::move(made.error())));
    co_return co_await look_at_made(worker, creation);
}

}  // namespace virtlight::xenlight
