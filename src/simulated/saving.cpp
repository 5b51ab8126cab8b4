// SPDX-License-Identifier: LGPL-2.1-or-later
#include <atomic>
#include <memory>
#include <utility>

#include "async/blocking.hpp"
#include "base/limits.hpp"
#include "hypervisor/page_cache.hpp"
#include "simulated/attempt.hpp"
#include "simulated/image.hpp"
#include "simulated/simulated.hpp"

namespace virtlight::simulated {

using async::Task;
using hypervisor::Created;
using hypervisor::ImageHead;
using hypervisor::ImageWriter;
using hypervisor::KnownImage;
using hypervisor::OpenImage;
using hypervisor::Operation;
using hypervisor::Stage;
using hypervisor::StopReason;

namespace {

namespace fs = std::filesystem;

/// Times that a save or a restore tells how far it has come.
constexpr unsigned parts = 20;

template <class T>
Result<std::shared_ptr<T>> shared(Result<T> made) {
    if (!made) return std::unexpected(std::move(made.error()));
    return std::make_shared<T>(std::move(*made));
}

Result<OpenImage> open_ours(const fs::path& path) {
    auto image = hypervisor::open_image(path);
    if (image && !image->xl_config.empty())
        return fail(Reason::invalid_argument, "'{}' is of a guest on Xen: it was made by xl", path.string());
    return image;
}

}  // namespace

Task<Result<>> Simulated::save(DomId domid, ImageHead head, fs::path path, Operation operation) {
    auto attempt = begin(OperationKind::save, fmt::format("save domid {}", domid), operation.cancel);
    auto opened = co_await async::run_blocking(
        blocking_, scheduler_, [path, head] { return shared(ImageWriter::create(path, head)); });
    if (!opened) co_return attempt.error(std::move(opened.error()));
    auto image = std::move(*opened);
    if (operation.bypass_cache) image->bypass_cache();
    auto saved = co_await suspend_and_write(attempt, domid, image, operation);
    if (!saved) static_cast<void>(machine_.resume(domid));
    co_await let_go_of(std::move(image));
    co_return saved;
}

/// Its file is closed, and perhaps removed, where that may block.
Task<> Simulated::let_go_of(std::shared_ptr<ImageWriter> image) {
    co_await async::run_blocking(blocking_, scheduler_, [image = std::move(image)]() mutable {
        image.reset();
        return true;
    });
}

Task<> Simulated::take_back_save(DomId domid) {
    static_cast<void>(machine_.resume(domid));
    co_return;
}

Task<Result<>> Simulated::suspend_guest(Attempt& attempt, DomId domid) {
    const Waiters::Place suspension(suspensions_, domid);
    if (auto asked = machine_.ask(domid, StopReason::suspend); !asked) co_return asked;
    const auto end = co_await wait(attempt, suspension.ended, limits::simulated_suspend);
    if (end != End::done) co_return attempt.error(end);
    co_return Result<>();
}

Task<Result<>> Simulated::suspend_and_write(Attempt& attempt, DomId domid, std::shared_ptr<ImageWriter> image,
                                            Operation operation) {
    if (auto suspended = co_await suspend_guest(attempt, domid); !suspended) co_return suspended;
    const auto frozen = machine_.frozen(domid);
    if (!frozen) co_return std::unexpected(frozen.error());
    operation.tell_stage(Stage::saving);
    if (auto passed = co_await pass_telling(attempt, domid, *frozen, operation); !passed) co_return passed;
    operation.tell_stage(Stage::syncing);
    co_return co_await finish_image(attempt, image, *frozen);
}

Task<Result<>> Simulated::finish_image(Attempt& attempt, std::shared_ptr<ImageWriter> image,
                                       Machine::Memory memory) {
    auto written = co_await async::run_blocking(blocking_, scheduler_, [image, memory] {
        return write_stream(*image, {memory.ran, memory.model_vcpus}, memory.memory_kib);
    });
    if (!written) co_return attempt.error(written.error());
    if (attempt.cancel.cancelled()) co_return attempt.error(End::cancelled);
    const auto committed =
        co_await async::run_blocking(blocking_, scheduler_, [image] { return image->commit(); });
    if (!committed) co_return attempt.error(committed.error());
    co_return committed;
}

/// Passes the time that the memory takes, and tells how much of it has gone.
Task<Result<>> Simulated::pass_telling(Attempt& attempt, DomId domid, Machine::Memory memory,
                                       Operation operation) {
    const auto takes = memory.save_takes.value_or(machine_.settings().times.image);
    const auto bytes = memory.memory_kib * 1024;
    if (operation.progress) operation.progress->bytes_all = bytes;
    for (unsigned part = 1; part <= parts; ++part) {
        const auto end = co_await wait(attempt, {}, machine_.settings().takes(takes) / parts);
        if (end == End::cancelled) co_return attempt.error(end);
        if (operation.progress) operation.progress->bytes = bytes / parts * part;
    }
    co_return co_await pass(attempt, {}, domid);
}

Task<Result<>> Simulated::dump_core(DomId domid, fs::path path, hypervisor::Hold hold, Operation operation) {
    auto attempt =
        begin(OperationKind::dump_core, fmt::format("dump the core of domid {}", domid), operation.cancel);
    auto opened = co_await async::run_blocking(blocking_, scheduler_,
                                               [path] { return shared(ImageWriter::create(path)); });
    if (!opened) co_return attempt.error(std::move(opened.error()));
    auto image = std::move(*opened);
    if (operation.bypass_cache) image->bypass_cache();
    auto dumped = co_await write_core(attempt, domid, image, std::move(hold), operation);
    co_await let_go_of(std::move(image));
    co_return dumped;
}

Task<Result<>> Simulated::write_core(Attempt& attempt, DomId domid, std::shared_ptr<ImageWriter> image,
                                     hypervisor::Hold hold, Operation operation) {
    // A guest that is gone is nobody to be held.
    if (const auto there = machine_.memory_of(domid, "dump the core of"); !there)
        co_return std::unexpected(there.error());
    if (hold)
        if (auto held = co_await hold(); !held) co_return held;
    const auto memory = machine_.memory_of(domid, "dump the core of");
    if (!memory) co_return std::unexpected(memory.error());
    if (auto passed = co_await pass_telling(attempt, domid, *memory, operation); !passed) co_return passed;
    operation.tell_stage(Stage::syncing);
    co_return co_await finish_image(attempt, image, *memory);
}

Task<Result<ImageHead>> Simulated::read_image(fs::path path) {
    auto opened = co_await async::run_blocking(blocking_, scheduler_,
                                               [path = std::move(path)] { return shared(open_ours(path)); });
    if (!opened) co_return std::unexpected(std::move(opened.error()));
    co_return std::move((*opened)->head);
}

Task<Result<>> Simulated::rewrite_image(KnownImage image, ImageHead head, Operation operation) {
    const auto stop = std::make_shared<std::atomic<bool>>(false);
    const auto unwanted = operation.cancel.on_cancel([stop] { *stop = true; });
    co_return co_await async::run_blocking(
        blocking_, scheduler_,
        [image = std::move(image), head = std::move(head), stop, progress = operation.progress] {
            return hypervisor::rewrite_image(image, head, *stop, progress ? &progress->bytes : nullptr);
        });
}

Task<Result<Created>> Simulated::restore(domain::Definition definition, KnownImage known,
                                         Operation operation) {
    auto attempt =
        begin(OperationKind::restore, fmt::format("restore domain '{}'", definition.name), operation.cancel);
    const auto saved = co_await async::run_blocking(
        blocking_, scheduler_,
        [known = std::move(known), bypass = operation.bypass_cache]() -> Result<Moment> {
            const auto image = hypervisor::open_image_stream(known);
            if (!image) return std::unexpected(image.error());
            auto saved = read_stream(*image);
            if (bypass) hypervisor::leave_cache(image->file);
            return saved;
        });
    if (!saved) co_return attempt.error(saved.error());
    if (operation.cancel.cancelled()) co_return attempt.error(End::cancelled);
    if (saved->model_vcpus != 0 && saved->model_vcpus != definition.vcpus)
        co_return fail(Reason::operation_failed,
                       "cannot {}: its device model does not take its state, which is of {} vCPUs and not {}",
                       attempt.what, saved->model_vcpus, definition.vcpus);
    const auto begun = machine_.begin(definition, saved->ran);
    if (!begun) co_return std::unexpected(begun.error());
    const Machine::Memory memory{.ran = saved->ran, .memory_kib = definition.memory_kib};
    const auto passed = co_await pass_telling(attempt, begun->domid, memory, operation);
    auto created = passed ? co_await finish(attempt, *begun) : std::unexpected(passed.error());
    if (!created) co_await abandon(*begun);
    co_return created;
}

Task<Result<>> Simulated::suspend(DomId domid, Operation operation) {
    auto attempt = begin(OperationKind::suspend, fmt::format("suspend domid {}", domid), operation.cancel);
    if (auto passed = co_await pass(attempt, machine_.settings().times.command, domid); !passed)
        co_return passed;
    auto suspended = co_await suspend_guest(attempt, domid);
    if (!suspended) static_cast<void>(machine_.resume(domid));
    co_return suspended;
}

Task<Result<>> Simulated::soft_reset(DomId domid, Operation operation) {
    return command(OperationKind::soft_reset, fmt::format("soft reset domid {}", domid), domid,
                   operation.cancel, [this, domid] { return machine_.soft_reset(domid); });
}

Task<Result<>> Simulated::resume(DomId domid, Operation operation) {
    auto attempt = begin(OperationKind::resume, fmt::format("resume domid {}", domid), operation.cancel);
    if (auto passed = co_await pass(attempt, machine_.settings().times.command, domid); !passed)
        co_return passed;
    if (const auto frozen = machine_.frozen(domid); !frozen) co_return std::unexpected(frozen.error());
    co_return machine_.resume(domid);
}

}  // namespace virtlight::simulated
