// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/movers.hpp"

#include "base/limits.hpp"
#include "xenlight/error.hpp"
#include "xenlight/libxl.hpp"

namespace virtlight::xenlight {

using async::Task;
using hypervisor::ImageWriter;

Error Movers::no_answer(Duration patience) {
    return {Reason::timed_out, fmt::format("its storage has not answered within {} s",
                                           std::chrono::duration_cast<seconds>(patience).count())};
}

Error of_storage(std::string_view what, Error why) {
    if (why.reason == Reason::timed_out) why.reason = Reason::io;
    return in_context(what, std::move(why));
}

Task<Result<std::shared_ptr<ImageWriter>>> created(
    Movers movers, std::string what, async::Completion<Result<std::shared_ptr<ImageWriter>>> creating,
    async::CancelToken cancel) {
    auto image = co_await movers.answer(creating, limits::file_look, cancel);
    if (image && !cancel.cancelled()) co_return image;
    if (image) co_await let_go_of_image(movers, std::move(*image));
    if (cancel.cancelled()) co_return std::unexpected(error_of({.rc = ERROR_ABORTED}, what));
    co_return std::unexpected(of_storage(what, std::move(image.error())));
}

Task<Result<>> commit_image(Movers movers, std::string what, std::shared_ptr<ImageWriter> image,
                            async::CancelToken cancel) {
    const auto done = movers.begin([image] { return image->commit(); });
    auto committed = co_await movers.answer(done, limits::save_silence, cancel);
    const bool unanswered = !committed && (committed.error().reason == Reason::timed_out ||
                                           committed.error().reason == Reason::cancelled);
    // Too late to give it up: it is there, and the answer is on its way.
    if (committed || (unanswered && !image->give_up())) co_return Result<>{};
    if (cancel.cancelled()) co_return std::unexpected(error_of({.rc = ERROR_ABORTED}, what));
    co_return std::unexpected(of_storage(what, std::move(committed.error())));
}

Task<> let_go_of_image(Movers movers, std::shared_ptr<ImageWriter> image) {
    const auto gone = movers.begin([image = std::move(image)]() mutable {
        image.reset();
        return Result<>();
    });
    co_await movers.answer(gone, limits::mover_goodbye);
}

}  // namespace virtlight::xenlight
