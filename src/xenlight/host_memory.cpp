// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/host_memory.hpp"

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include "async/timing.hpp"
#include "base/limits.hpp"
#include "base/log.hpp"
#include "xenlight/domain_config.hpp"

namespace virtlight::xenlight {
namespace {

using async::Task;

constexpr hypervisor::DomId dom0 = 0;

bool is_of(const libxl_dominfo& info, const Build& build) {
    return !info.dying && uuid_of(info.uuid) == build.uuid;
}

/// What a build was promised and its domain has not got yet.
std::uint64_t still_to_come(const Build& build, std::span<const libxl_dominfo> domains) {
    const auto made =
        std::ranges::find_if(domains, [&](const libxl_dominfo& info) { return is_of(info, build); });
    const auto has = made == domains.end() ? 0 : made->current_memkb;
    return build.memory_kib > has ? build.memory_kib - has : 0;
}

/// What another tool's domain, while it is built, has claimed and has not got yet: Xen counts it as free.
std::uint64_t claimed_elsewhere(const libxl_dominfo& info, const std::vector<Build>& ours) {
    const bool is_ours = std::ranges::any_of(ours, [&](const Build& build) { return is_of(info, build); });
    return is_ours ? 0 : info.outstanding_memkb;
}

Result<MemorySeen> look_at(Context& context, const std::vector<Build>& others, const std::string& what) {
    MemorySeen seen;
    auto looked = context.attempt(what, std::nullopt, [&](libxl_ctx* ctx) {
        // First what is free: what a guest takes meanwhile is counted twice, rather than not at all.
        if (const int rc = libxl_get_free_memory(ctx, &seen.free_kib); rc != 0) return rc;
        return list_domains(ctx, [&](std::span<const libxl_dominfo> domains) {
            for (const auto& build : others)
                seen.promised_kib += still_to_come(build, domains);
            for (const auto& info : domains) {
                seen.promised_kib += claimed_elsewhere(info, others);
                if (info.domid == dom0) seen.dom0_kib = info.current_memkb;
            }
        });
    });
    if (!looked) return std::unexpected(std::move(looked.error()));
    seen.dom0_target_kib =
        context.xenstore().read_number("/local/domain/0/memory/target").value_or(seen.dom0_kib);
    return seen;
}

}  // namespace

Task<Result<>> HostMemory::promise(std::shared_ptr<Build> build, std::uint64_t needed_kib, std::string what,
                                   async::CancelToken cancel) {
    const auto turn = co_await turns_.take(cancel);
    if (!turn) co_return std::unexpected(error_of({.rc = ERROR_ABORTED}, what));
    Ballooning ballooning(needed_kib, dom0_gives_, core_.now());
    auto found = co_await find(build, ballooning, what, cancel);
    if (found) {
        build->memory_kib = needed_kib;
        co_return found;
    }
    if (ballooning.asked_kib() == 0) co_return found;
    const auto returned = co_await let_dom0_have(static_cast<std::int64_t>(ballooning.asked_kib()), what);
    if (!returned)
        log::warning("dom0 is not let have again what it was asked for: {}", returned.error().message);
    co_return found;
}

Task<Result<>> HostMemory::find(std::shared_ptr<Build> build, Ballooning& ballooning, std::string what,
                                async::CancelToken cancel) {
    for (;;) {
        const auto seen = co_await look(build, what);
        if (!seen) co_return std::unexpected(seen.error());
        switch (ballooning.next(*seen, core_.now())) {
            case Ballooning::Step::done: co_return Result<>();
            case Ballooning::Step::never:
                co_return std::unexpected(Error{
                    Reason::operation_failed,
                    fmt::format("cannot {}: {}", what, ballooning.why_not()),
                    {fmt::format("libxl: {} KiB free, dom0 has {} KiB", seen->free_kib, seen->dom0_kib)}});
            case Ballooning::Step::ask: {
                const auto missing = static_cast<std::int64_t>(ballooning.to_ask_kib());
                log::info("dom0 is asked for {} KiB of memory, to {}", missing, what);
                const auto asked = co_await let_dom0_have(-missing, what);
                if (!asked) co_return asked;
                break;
            }
            case Ballooning::Step::wait: break;
        }
        if (!co_await async::sleep_for(core_, limits::balloon_look, cancel))
            co_return std::unexpected(error_of({.rc = ERROR_ABORTED}, what));
    }
}

Task<Result<MemorySeen>> HostMemory::look(std::shared_ptr<Build> build, std::string what) {
    auto others = builds_.under_way();
    std::erase_if(others, [&](const Build& other) { return other.uuid == build->uuid; });
    return thread_.call([others = std::move(others), what = std::move(what)](Context& context) {
        return look_at(context, others, what);
    });
}

Task<Result<>> HostMemory::let_dom0_have(std::int64_t more_kib, std::string what) {
    return thread_.call([more_kib, what = std::move(what)](Context& context) {
        return context.attempt(what, dom0, [more_kib](libxl_ctx* ctx) {
            constexpr int relative = 1;
            constexpr int though_it_may_have_more = 0;
            return libxl_set_memory_target(ctx, dom0, more_kib, relative, though_it_may_have_more);
        });
    });
}

}  // namespace virtlight::xenlight
