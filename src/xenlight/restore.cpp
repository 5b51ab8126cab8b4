// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/restore.hpp"

#include <memory>
#include <optional>
#include <utility>

#include "base/limits.hpp"
#include "xenlight/image_feed.hpp"
#include "xenlight/image_stream.hpp"
#include "xenlight/make_domain.hpp"
#include "xenlight/make_ready.hpp"
#include "xenlight/undo_creation.hpp"

namespace virtlight::xenlight {

using domain::Definition;
using hypervisor::Created;

namespace {

struct OpenStream {
    hypervisor::OpenImage image;
    StreamStart start;
};

Result<std::shared_ptr<OpenStream>> open_stream(const hypervisor::KnownImage& known, bool bypass_cache) {
    auto image = hypervisor::open_image_stream(known);
    if (!image) return std::unexpected(std::move(image.error()));
    image->bypasses_cache = bypass_cache;
    const auto start = check_stream(*image);
    if (!start) return std::unexpected(start.error());
    fetch_beginning(*image);
    return std::make_shared<OpenStream>(std::move(*image), *start);
}

/// An image that nobody moves yet. Unless somebody takes it, it is closed on a thread that may be held by
/// that, also if it is opened only when the restore has been dropped.
class Unmoved {
 public:
    using Opening = async::Completion<Result<std::shared_ptr<OpenStream>>>;

    Unmoved(Movers movers, Opening opening) : movers_(std::move(movers)), opening_(std::move(opening)) {}
    Unmoved(const Unmoved&) = delete;
    Unmoved& operator=(const Unmoved&) = delete;
    ~Unmoved() {
        opening_.set(fail(Reason::cancelled, "cancelled"));
        if (image) movers_.threads.submit([image = std::move(image)] {});
    }

    std::shared_ptr<OpenStream> image{};

 private:
    Movers movers_;
    Opening opening_;
};

/// What came of a restore, by what libxl says of the domain and the mover of the image.
async::Task<Result<Created>> weighed(Workers::Loan worker, std::shared_ptr<Creation> creation,
                                     Result<Created> made, Result<> moved, hypervisor::Operation operation) {
    // If the storage holds the mover, libxl has had all that it wanted, or has failed anyway.
    const bool move_failed = !moved && moved.error().reason != Reason::timed_out;
    // libxl takes what ends within its last record for whole.
    if (move_failed && made)
        co_return std::unexpected(
            co_await undo_creation(worker, creation, in_context(creation->what(), moved.error())));
    if (operation.cancel.cancelled()) co_return made;
    if (move_failed) co_return std::unexpected(in_context(creation->what(), std::move(moved.error())));
    if (!made && operation.progress)
        made.error().message +=
            fmt::format(" (libxl has taken {} of the {} bytes of the image's stream)",
                        operation.progress->bytes.load(), operation.progress->bytes_all.load());
    co_return made;
}

}  // namespace

async::Task<Result<Created>> restore_domain(Making making, Movers movers, Definition definition,
                                            hypervisor::KnownImage known, hypervisor::Operation operation) {
    if (auto none = check_none_was_given_up(making, definition); !none)
        co_return std::unexpected(std::move(none.error()));
    const auto opened = Feed::open();
    if (!opened) co_return std::unexpected(opened.error());
    const auto feed = *opened;
    const Shut<Feed> shut(feed);
    const auto moving = Moving::begin(operation);
    const auto creation =
        std::make_shared<Creation>(std::move(definition), making.builds, operation.progress);
    const Awaited awaited(creation->build);
    creation->stream = feed->libxls();
    creation->parameters->stream_version = 2;
    const auto what = creation->what();
    const auto opening = movers.begin(
        [known = std::move(known), bypass = operation.bypass_cache] { return open_stream(known, bypass); });
    Unmoved unmoved(movers, opening);
    auto image = co_await movers.answer(opening, limits::file_look, operation.cancel);
    if (image) unmoved.image = std::move(*image);
    if (operation.cancel.cancelled()) co_return std::unexpected(error_of({.rc = ERROR_ABORTED}, what));
    if (!image) co_return std::unexpected(in_context(what, std::move(image.error())));
    const auto worker = co_await make_ready(making, creation, operation.cancel);
    if (!worker) co_return std::unexpected(worker.error());
    if (operation.cancel.cancelled()) co_return std::unexpected(error_of({.rc = ERROR_ABORTED}, what));

    if (operation.progress) operation.progress->bytes_all = unmoved.image->image.stream_bytes;
    const auto sent = movers.begin(
        [image = std::move(unmoved.image), feed, journey = moving->journey(movers, operation)]() mutable {
            return feed->send(image->image, image->start, std::move(journey));
        });
    auto made = co_await make_domain(making, *worker, creation, moving->abort, operation.cancel);
    feed->shut();
    auto moved = co_await movers.answer(sent, limits::mover_goodbye);
    co_return co_await weighed(*worker, creation, std::move(made), std::move(moved), operation);
}

}  // namespace virtlight::xenlight
