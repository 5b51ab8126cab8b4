// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/describe.hpp"

#include <algorithm>
#include <memory>

#include "domain/memory.hpp"
#include "xenlight/console_ttys.hpp"
#include "xenlight/device_acts.hpp"
#include "xenlight/domain_config.hpp"
#include "xenlight/screens.hpp"

namespace virtlight::xenlight {
namespace {

using domain::Definition;
using hypervisor::DomId;

Result<> read_info(Context& context, DomId domid, DomainInfo& info) {
    return context.read_info(fmt::format("describe domain {}", domid), domid, info);
}

/// Fills in what libxl left open: it keeps "by default" as the largest number.
void settle_memory(Context& context, const libxl_dominfo& info, Definition& definition) {
    const auto path = fmt::format("/local/domain/{}/memory/", info.domid);
    const auto given = context.xenstore().read_number(path + "target").value_or(info.current_memkb);
    const auto most = context.xenstore().read_number(path + "static-max").value_or(given);
    const auto settle = [](std::uint64_t kept, std::uint64_t otherwise) {
        return domain::whole_mib(kept == 0 || kept == LIBXL_MEMKB_DEFAULT ? otherwise : kept);
    };
    definition.memory_max_kib = settle(definition.memory_max_kib, most);
    definition.memory_kib = std::min(settle(definition.memory_kib, given), definition.memory_max_kib);
}

/// What can be known of a domain that libxl keeps no definition of.
Definition definition_seen(Context& context, const libxl_dominfo& info, domain::GuestType type) {
    const CString name(context.enter([&](libxl_ctx* ctx) { return libxl_domid_to_name(ctx, info.domid); }));
    return {
        .name = name ? name.get() : fmt::format("domain-{}", info.domid),
        .type = type,
        .consoles = {{.target = domain::Console::Target::xen, .port = 0}},
    };
}

/// `kept` is what libxl has, if it has any.
Result<Definition> compose(Context& context, DomId domid, const libxl_domain_config* kept) {
    DomainInfo info;
    if (auto read = read_info(context, domid, info); !read) return std::unexpected(std::move(read.error()));
    // libxl writes down what a domain is when it has made it, and has it paused until then.
    if (!kept && info->paused)
        return fail(Reason::invalid_state, "cannot describe domain {}: it is still being built", domid);
    const auto type = guest_type(context, domid);
    if (!type) return std::unexpected(type.error());
    auto definition = kept ? read_config(*kept) : definition_seen(context, *info, *type);
    definition.type = *type;
    definition.uuid = uuid_of(info->uuid);
    definition.vcpus_max = std::max(info->vcpu_max_id + 1, 1U);  // a domain half made has none
    const bool counted = kept && kept->b_info.max_vcpus > 0;
    definition.vcpus = std::clamp(counted ? definition.vcpus : info->vcpu_online, 1U, definition.vcpus_max);
    settle_memory(context, *info, definition);
    // Other tools may have changed how much memory it has, and what its cells have is not told.
    if (!check_numa(definition)) definition.numa.clear();
    look_at_nics(context.xenstore(), domid, definition.nics);
    find_ttys(context.xenstore(), domid, definition.consoles);
    if (auto& vnc = definition.graphics.vnc) vnc->port = vnc_port(context, domid).value_or(vnc->port);
    return definition;
}

/// Whether libxl has written down what the domain is. no_domain.
Result<bool> is_kept(Context& context, DomId domid) {
    DomainInfo info;
    if (auto read = read_info(context, domid, info); !read) return std::unexpected(std::move(read.error()));
    int size = 0;
    auto looked = context.attempt(fmt::format("describe domain {}", domid), domid, [&](libxl_ctx* ctx) {
        return libxl_userdata_retrieve(ctx, domid, "libxl-json", nullptr, &size);
    });
    if (!looked) return std::unexpected(std::move(looked.error()));
    return size > 0;
}

}  // namespace

/// libxl says the same of a domain of which it keeps nothing and of one whose device model, which it asks,
/// does not answer.
async::Task<Result<std::shared_ptr<const DomainConfig>>> kept_config(ContextThread& thread, DomId domid,
                                                                     async::CancelToken cancel) {
    const auto config = std::make_shared<DomainConfig>();
    auto read = co_await thread.perform({.what = fmt::format("describe domain {}", domid),
                                         .domid = domid,
                                         .start =
                                             [config, domid](libxl_ctx* ctx, const libxl_asyncop_how* how) {
                                                 return libxl_retrieve_domain_configuration(
                                                     ctx, domid, config->get(), how);
                                             },
                                         .abortable = false},
                                        cancel);
    if (read) co_return config;
    if (cancel.cancelled()) co_return std::unexpected(std::move(read.error()));
    auto kept = co_await thread.call([domid](Context& context) { return is_kept(context, domid); });
    if (kept && !*kept) co_return nullptr;
    if (!kept && kept.error().reason == Reason::no_domain) co_return std::unexpected(std::move(kept.error()));
    co_return std::unexpected(std::move(read.error()));
}

async::Task<Result<Definition>> describe(ContextThread& thread, DomId domid, async::CancelToken cancel) {
    auto kept = co_await kept_config(thread, domid, std::move(cancel));
    if (!kept) co_return std::unexpected(std::move(kept.error()));
    co_return co_await thread.call([domid, config = std::move(*kept)](Context& context) {
        return compose(context, domid, config ? config->get() : nullptr);
    });
}

async::Task<Result<>> check_whole(ContextThread& thread, DomId domid, async::CancelToken cancel) {
    auto kept = co_await kept_config(thread, domid, std::move(cancel));
    if (!kept) co_return std::unexpected(std::move(kept.error()));
    if (!*kept)
        co_return fail(Reason::operation_failed,
                       "it is not known what domain {} has: the tool that made it has kept nothing of it",
                       domid);
    co_return co_await thread.call([config = std::move(*kept)](Context&) -> Result<> {
        auto whole = read_whole_config(*config->get());
        if (!whole) return std::unexpected(std::move(whole.error()));
        return {};
    });
}

Result<domain::GuestType> guest_type(Context& context, DomId domid) {
    if (const auto word = context.xenstore().read(fmt::format("/libxl/{}/type", domid))) {
        if (const auto type = guest_type_of(*word)) return *type;
    }
    DomainInfo info;
    if (auto read = read_info(context, domid, info); !read) return std::unexpected(std::move(read.error()));
    return info->domain_type == LIBXL_DOMAIN_TYPE_HVM ? domain::GuestType::hvm : domain::GuestType::pv;
}

}  // namespace virtlight::xenlight
