// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/make_ready.hpp"

#include <algorithm>
#include <span>
#include <string>
#include <utility>

#include "base/log.hpp"
#include "xenlight/domain_config.hpp"
#include "xenlight/guest_files.hpp"
#include "xenlight/labels.hpp"
#include "xenlight/platform.hpp"

namespace virtlight::xenlight {
namespace {

using domain::Definition;
using hypervisor::Stage;

/// libxl refuses a name that is taken, but not a uuid: the second domain would take over the first one's
/// place in xenstore.
Result<> check_uuid_is_free(Context& context, const Creation& creation) {
    bool taken = false;
    auto listed = context.attempt(creation.what(), std::nullopt, [&](libxl_ctx* ctx) {
        return list_domains(ctx, [&](std::span<const libxl_dominfo> domains) {
            taken = std::ranges::any_of(domains, [&](const libxl_dominfo& info) {
                return !info.dying && uuid_of(info.uuid) == creation.definition.uuid;
            });
        });
    });
    if (listed && taken)
        return fail(Reason::domain_exists, "cannot {}: a domain with uuid {} runs already", creation.what(),
                    to_string(creation.definition.uuid));
    return listed;
}

/// Xen counts what a guest needs beside its own memory, too. Counting fills in what is left open as a start
/// has it, of which a restore has some otherwise: so on a copy.
Result<> count_memory(Context& context, Creation& creation) {
    return context.attempt(creation.what(), std::nullopt, [&](libxl_ctx* ctx) {
        DomainConfig counted;
        libxl_domain_config_copy(ctx, counted.get(), creation.config.get());
        return libxl_domain_need_memory(ctx, counted.get(), creation.domid, &creation.memory_kib);
    });
}

Result<> take_spice_port(Creation& creation) {
    auto& spice = creation.definition.graphics.spice;
    if (!spice || !spice->autoport) return {};
    auto taken = SpicePort::take(spice->listen.empty() ? "127.0.0.1" : spice->listen);
    if (!taken) return std::unexpected(std::move(taken.error()));
    spice->port = taken->number();
    creation.spice_port = *std::move(taken);
    return {};
}

Result<> prepare(Context& context, Creation& creation) {
    if (auto good = check_cpu_features(creation.definition.platform.cpu_features); !good)
        return std::unexpected(in_context(creation.what(), std::move(good.error())));
    if (auto good = check_labels(context, creation.definition); !good)
        return std::unexpected(in_context(creation.what(), std::move(good.error())));
    if (auto good = check_uuid_is_free(context, creation); !good) return good;
    if (auto taken = take_spice_port(creation); !taken)
        return std::unexpected(in_context(creation.what(), std::move(taken.error())));
    write_config(creation.definition, *creation.config);
    return count_memory(context, creation);
}

void replace_firmware(Definition& definition) {
    log::warning("domain '{}': its loader '{}' is not there; it gets this host's own", definition.name,
                 definition.boot.loader);
    definition.boot.loader.clear();
}

void replace_emulator(Definition& definition) {
    log::warning("domain '{}': its emulator '{}' is not there; it gets this host's own", definition.name,
                 definition.emulator);
    definition.emulator.clear();
}

/// Before a context is borrowed: storage that does not answer would hold it, and all others after it. A
/// restored guest has in its memory what it was booted from, and its firmware and its device model are only
/// replaced if the storage of those says so.
async::Task<Result<>> look_at_files(Making making, std::shared_ptr<Creation> creation,
                                    async::CancelToken cancel) {
    const bool boots = !creation->stream;
    auto stale = co_await look_for_stale_firmware(making.looks, creation->definition, cancel);
    if (!stale && boots) co_return std::unexpected(in_context(creation->what(), std::move(stale.error())));
    if (stale && *stale) replace_firmware(creation->definition);
    stale = co_await look_for_stale_emulator(making.looks, creation->definition, cancel);
    if (!stale && boots) co_return std::unexpected(in_context(creation->what(), std::move(stale.error())));
    if (stale && *stale) replace_emulator(creation->definition);
    auto good = co_await check_guest_files(making.looks, creation->definition, boots, cancel);
    if (!good) co_return std::unexpected(in_context(creation->what(), std::move(good.error())));
    co_return good;
}

async::Task<Result<Workers::Loan>> borrow(Making making, std::shared_ptr<const Creation> creation,
                                          async::CancelToken cancel) {
    if (making.workers.free() == 0) creation->tell_stage(Stage::waiting_for_turn);
    auto worker = co_await making.workers.borrow(std::move(cancel));
    if (!worker) co_return std::unexpected(in_context(creation->what(), std::move(worker.error())));
    co_return worker;
}

}  // namespace

Result<> check_none_was_given_up(const Making& making, const Definition& definition) {
    const auto given_up = making.builds.given_up();
    if (std::ranges::find(given_up, definition.uuid) == given_up.end()) return {};
    return fail(
        Reason::operation_failed,
        "cannot start domain '{}': an earlier start of it was given up, and libxl has not ended it yet",
        definition.name);
}

async::Task<Result<Workers::Loan>> make_ready(Making making, std::shared_ptr<Creation> creation,
                                              async::CancelToken cancel) {
    creation->tell_stage(Stage::looking_at_files);
    if (auto good = co_await look_at_files(making, creation, cancel); !good)
        co_return std::unexpected(std::move(good.error()));
    {
        const auto worker = co_await borrow(making, creation, cancel);
        if (!worker) co_return worker;
        auto ready =
            co_await call(*worker, [creation](Context& context) { return prepare(context, *creation); });
        if (!ready) co_return std::unexpected(std::move(ready.error()));
    }
    creation->tell_stage(Stage::waiting_for_memory);
    auto promised =
        co_await making.memory.promise(creation->build, creation->memory_kib, creation->what(), cancel);
    if (!promised) co_return std::unexpected(std::move(promised.error()));
    auto worker = co_await borrow(making, creation, cancel);
    if (!worker) co_return worker;
    auto free = co_await call(
        *worker, [creation](Context& context) { return check_uuid_is_free(context, *creation); });
    if (!free) co_return std::unexpected(std::move(free.error()));
    co_return worker;
}

}  // namespace virtlight::xenlight
