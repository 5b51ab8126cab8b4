// SPDX-License-Identifier: LGPL-2.1-or-later
#include <atomic>
#include <memory>

#include "base/limits.hpp"
#include "base/log.hpp"
#include "xenlight/domain_config.hpp"
#include "xenlight/dump.hpp"
#include "xenlight/restore.hpp"
#include "xenlight/save.hpp"
#include "xenlight/xen_hypervisor.hpp"

/// What becomes of guests in files: images, from which they come back, and cores.
namespace virtlight::xenlight {

using async::Task;
using hypervisor::Created;
using hypervisor::DomId;
using hypervisor::Operation;
using hypervisor::Stage;

Task<Result<>> XenHypervisor::save(DomId domid, hypervisor::ImageHead head, std::filesystem::path path,
                                   Operation operation) {
    const auto what = fmt::format("save domain {}", domid);
    log::debug("operation {}: {} to '{}'", operation.id.value, what, path.string());
    if (domid == 0) co_return fail(Reason::unsupported_operation, "cannot {}: it is the host itself", what);
    operation.tell_stage(Stage::creating_file);
    // Before a worker is taken: storage that hangs must not hold one.
    auto image = co_await create_image(movers(), what, std::move(head), std::move(path), operation);
    if (!image) co_return std::unexpected(std::move(image.error()));
    auto saved = co_await save_into(domid, *image, what, operation);
    if (!saved) co_await let_go_of_image(movers(), std::move(*image));
    co_return saved;
}

Task<Result<>> XenHypervisor::save_into(DomId domid, std::shared_ptr<hypervisor::ImageWriter> image,
                                        std::string what, Operation operation) {
    const auto worker = co_await borrow(imagers_, what, operation);
    if (!worker) co_return std::unexpected(worker.error());
    operation.tell_stage(Stage::asking_guest);
    co_await late_suspends_.end(domid);
    auto saved = co_await save_domain(*worker, not_on_loan(asking_), movers(), domid, std::move(image),
                                      std::move(operation));
    if (!saved.result) follow_anew(domid);
    late_suspends_.follow(domid, saved.may_suspend);
    // Not by the worker, which may be what has hung.
    co_return co_await explained(asking_, what, domid, std::move(saved.result));
}

Task<> XenHypervisor::take_back_save(DomId domid) {
    const auto may_suspend = co_await let_go_on(not_on_loan(asking_), domid);
    follow_anew(domid);
    late_suspends_.follow(domid, may_suspend);
}

Task<Result<hypervisor::ImageHead>> XenHypervisor::read_image(std::filesystem::path path) {
    struct Read {
        hypervisor::ImageHead head;
        std::string xl_config;
    };
    auto read = co_await looks_.look(place_of(path), [path]() -> Result<Read> {
        auto image = hypervisor::open_image(path);
        if (!image) return std::unexpected(std::move(image.error()));
        return Read{std::move(image->head), std::move(image->xl_config)};
    });
    if (!read) co_return std::unexpected(std::move(read.error()));
    if (read->xl_config.empty()) co_return std::move(read->head);
    auto definition = co_await asking_.call([json = std::move(read->xl_config)](Context& context) {
        return context.enter([&](libxl_ctx* ctx) { return read_xl_config(ctx, json); });
    });
    if (!definition)
        co_return std::unexpected(in_context(fmt::format("restore '{}'", path.string()), definition.error()));
    read->head.definition = std::move(*definition);
    co_return std::move(read->head);
}

Task<Result<>> XenHypervisor::rewrite_image(hypervisor::KnownImage image, hypervisor::ImageHead head,
                                            Operation operation) {
    const auto stop = std::make_shared<std::atomic<bool>>(false);
    const auto copying = movers().begin(
        [image = std::move(image), head = std::move(head), stop, progress = operation.progress] {
            return hypervisor::rewrite_image(image, head, *stop, progress ? &progress->bytes : nullptr);
        });
    const auto unwanted = operation.cancel.on_cancel([this, stop, copying] {
        *stop = true;
        core_.call_at(core_.now() + limits::mover_goodbye,
                      [copying] { copying.set(fail(Reason::cancelled, "cancelled")); });
    });
    co_return co_await copying;
}

Task<Result<Created>> XenHypervisor::restore(domain::Definition definition, hypervisor::KnownImage image,
                                             Operation operation) {
    log::debug("operation {}: restore domain '{}' from '{}'", operation.id.value, definition.name,
               image.path.string());
    return restore_domain(making_with(imagers_), movers(), std::move(definition), std::move(image),
                          std::move(operation));
}

Task<Result<>> XenHypervisor::dump_core(DomId domid, std::filesystem::path path, hypervisor::Hold hold,
                                        Operation operation) {
    const auto what = fmt::format("dump the core of domain {}", domid);
    log::debug("operation {}: {} to '{}'", operation.id.value, what, path.string());
    if (domid == 0) co_return fail(Reason::unsupported_operation, "cannot {}: it is the host itself", what);
    operation.tell_stage(Stage::creating_file);
    auto image = co_await create_core(movers(), what, std::move(path), operation);
    if (!image) co_return std::unexpected(std::move(image.error()));
    auto dumped = co_await dump_into(domid, *image, std::move(hold), what, operation);
    if (!dumped) co_await let_go_of_image(movers(), std::move(*image));
    co_return dumped;
}

Task<Result<>> XenHypervisor::dump_into(DomId domid, std::shared_ptr<hypervisor::ImageWriter> image,
                                        hypervisor::Hold hold, std::string what, Operation operation) {
    const auto worker = co_await borrow(imagers_, what, operation);
    if (!worker) co_return std::unexpected(worker.error());
    operation.tell_stage(Stage::dumping);
    auto dumped = co_await dump_domain(*worker, movers(), domid, std::move(image), std::move(hold),
                                       std::move(operation));
    co_return co_await explained(**worker, what, domid, std::move(dumped));
}

}  // namespace virtlight::xenlight
