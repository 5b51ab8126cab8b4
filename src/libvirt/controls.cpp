// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libvirt/calls.hpp"
#include "libvirt/flags.hpp"
#include "libvirt/keycodes.hpp"

namespace virtlight::libvirt::calls {

using async::Task;

namespace {

using manager::DumpOptions;

/// virDomainCoreDumpFormat: libvirt's others are for cores that hold the memory alone.
constexpr std::uint32_t format_raw = 0;

/// virNodeSuspendTarget
constexpr std::uint32_t suspend_to_memory = 0;

Result<DumpOptions> dump_options(std::uint32_t flags) {
    using enum DumpOptions::Then;
    DumpOptions options;
    options.bypass_cache = (flags & flag::dump::bypass_cache) != 0;
    switch (flags & ~(flag::dump::bypass_cache | flag::dump::memory_only)) {
        case flag::none: return options;
        case flag::dump::live: options.live = true; return options;
        case flag::dump::crash: options.then = end_as_crashed; return options;
        case flag::dump::reset: options.then = reset; return options;
        default: return fail(Reason::invalid_argument, "the flags live, crash and reset exclude each other");
    }
}

}  // namespace

Task<Result<>> reset(Manager& manager, DomainFlags args) {
    return manager.reset(args.dom.uuid);
}

Task<Result<>> inject_nmi(Manager& manager, DomainFlags args) {
    return manager.inject_nmi(args.dom.uuid);
}

Task<Result<>> send_key(Manager& manager, SendKeyArgs args) {
    if (args.keycodes.empty() || args.keycodes.size() > limits::keys_at_once)
        co_return fail(Reason::invalid_argument, "{} keys cannot be pressed together; 1 to {} can",
                       args.keycodes.size(), limits::keys_at_once);
    const milliseconds held(args.held_ms);
    if (held > limits::key_press)
        co_return fail(Reason::invalid_argument, "keys cannot be held for {} ms; for {} s at most can they",
                       args.held_ms, limits::key_press.count());
    auto keys = keys_of(args.codeset, args.keycodes);
    if (!keys) co_return std::unexpected(std::move(keys.error()));
    co_return co_await manager.send_keys(args.dom.uuid, {std::move(*keys), held});
}

Task<Result<>> core_dump(Manager& manager, CoreDumpArgs args) {
    const auto options = dump_options(args.flags);
    if (!options) co_return std::unexpected(options.error());
    co_return co_await manager.dump_core(args.dom.uuid, std::move(args.to), *options);
}

Task<Result<>> core_dump_format(Manager& manager, CoreDumpFormatArgs args) {
    if (args.format != format_raw)
        co_return fail(Reason::unsupported_operation,
                       "cores are written in the raw format (ELF) only, not in {}", args.format);
    co_return co_await core_dump(manager, {std::move(args.dom), std::move(args.to), args.flags});
}

Task<Result<>> pm_suspend(Manager& manager, PmSuspendArgs args) {
    if (args.target != suspend_to_memory)
        co_return fail(Reason::unsupported_argument, "guests suspend to memory only, not to target {}",
                       args.target);
    if (args.duration != 0)
        co_return fail(Reason::unsupported_argument, "a duration is not supported: use 0");
    co_return co_await manager.sleep(args.dom.uuid);
}

Task<Result<>> pm_wakeup(Manager& manager, DomainFlags args) {
    return manager.wake(args.dom.uuid);
}

}  // namespace virtlight::libvirt::calls
