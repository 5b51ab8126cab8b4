// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/operations.hpp"

#include <cassert>
#include <utility>

namespace virtlight::xenlight {
namespace {

/// libxl calls back with the id alone. It does so only on the thread of the context.
thread_local Operations* of_this_thread = nullptr;

}  // namespace

Operations::Operations(Handle& handle, OperationLog& log) : handle_(handle), log_(log) {
    assert(!of_this_thread);
    of_this_thread = this;
}

Operations::~Operations() {
    of_this_thread = nullptr;
}

void Operations::start(AoId id, std::optional<hypervisor::DomId> domid, Start start, Done done) {
    auto& entry =
        table_.emplace(id, Entry{std::move(start), std::move(done), log_.begin(domid)}).first->second;
    const auto callback = how(id);
    const int rc = handle_.enter([&](libxl_ctx* ctx) { return entry.start(ctx, &callback); });
    // From here on the entry may be gone: with 0, libxl may have called back already. Otherwise it never
    // will.
    if (rc == 0) return;
    completed_.push_back({id, rc});
    tell_ended();
}

void Operations::abort(AoId id) {
    if (!table_.contains(id)) return;
    const auto callback = how(id);
    // libxl answers "not found" for one that has just completed, which is as good.
    handle_.enter([&](libxl_ctx* ctx) { libxl_ao_abort(ctx, &callback); });
}

void Operations::fail_all(const Error& error) {
    for (auto& [id, entry] : table_) {
        if (auto done = std::exchange(entry.done, nullptr)) done(std::unexpected(error));
    }
}

void Operations::tell_ended() {
    for (const auto [id, rc] : std::exchange(completed_, {})) {
        auto entry = table_.extract(id);
        if (entry.empty()) continue;
        auto lines = log_.end(entry.mapped().record);
        if (auto& done = entry.mapped().done) done(Ended{.rc = rc, .lines = std::move(lines)});
    }
}

void Operations::completed(libxl_ctx*, int rc, void* for_callback) noexcept {
    of_this_thread->completed_.push_back({as_id<AoId>(for_callback), rc});
}

libxl_asyncop_how Operations::how(AoId id) {
    return {.callback = completed, .u = {.for_callback = as_pointer(id)}};
}

}  // namespace virtlight::xenlight
