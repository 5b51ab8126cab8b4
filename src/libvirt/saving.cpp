// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/xml.hpp"
#include "libvirt/calls.hpp"
#include "libvirt/flags.hpp"

namespace virtlight::libvirt::calls {

using async::Task;

namespace {

/// How a guest is to come back; empty: nothing is said.
Result<std::optional<bool>> paused_by(std::uint32_t flags) {
    switch (flags & (flag::save::running | flag::save::paused)) {
        case flag::save::running: return false;
        case flag::save::paused: return true;
        case flag::none: return std::nullopt;
        default: return fail(Reason::invalid_argument, "the flags running and paused exclude each other");
    }
}

Result<std::optional<domain::Definition>> parse_optional(const std::optional<std::string>& xml) {
    if (!xml) return std::nullopt;
    auto definition = domain::parse_xml(*xml);
    if (!definition) return std::unexpected(std::move(definition.error()));
    return std::move(*definition);
}

bool bypasses_cache(std::uint32_t flags) {
    return (flags & flag::save::bypass_cache) != 0;
}

Result<manager::SaveOptions> save_options(std::uint32_t flags, const std::optional<std::string>& xml) {
    const auto paused = paused_by(flags);
    if (!paused) return std::unexpected(paused.error());
    auto definition = parse_optional(xml);
    if (!definition) return std::unexpected(std::move(definition.error()));
    return manager::SaveOptions{.paused = paused->value_or(false),
                                .definition = std::move(*definition),
                                .bypass_cache = bypasses_cache(flags)};
}

Result<manager::ImageChange> image_change(std::uint32_t flags, const std::string& xml) {
    const auto paused = paused_by(flags);
    if (!paused) return std::unexpected(paused.error());
    auto definition = domain::parse_xml(xml);
    if (!definition) return std::unexpected(std::move(definition.error()));
    return manager::ImageChange{std::move(*definition), *paused};
}

/// What the typed parameters of a save or a restore may say.
struct FileParams {
    std::optional<std::string> file{};
    std::optional<std::string> xml{};
};

Result<FileParams> read_params(const std::vector<TypedParam>& params) {
    FileParams read;
    for (const auto& [field, value] : params) {
        auto* const known = field == "file" ? &read.file : field == "dxml" ? &read.xml : nullptr;
        if (!known) return fail(Reason::invalid_argument, "parameter '{}' is not supported", field);
        const auto* const text = std::get_if<std::string>(&value);
        if (!text) return fail(Reason::invalid_argument, "parameter '{}' is not a string", field);
        if (*known) return fail(Reason::invalid_argument, "parameter '{}' is given twice", field);
        *known = *text;
    }
    return read;
}

Result<std::string> xml_of(const Result<hypervisor::ImageHead>& head, std::uint32_t flags) {
    return transform(head, [flags](const auto& found) {
        auto definition = found.definition;
        if ((flags & flag::xml::secure) == 0)
            definition.graphics = without_secrets(std::move(definition.graphics));
        return domain::format_xml(definition);
    });
}

}  // namespace

Task<Result<>> save(Manager& manager, SaveArgs args) {
    auto options = save_options(args.flags, args.xml);
    if (!options) co_return std::unexpected(std::move(options.error()));
    co_return co_await manager.save(args.dom.uuid, std::move(args.to), std::move(*options));
}

Task<Result<>> save_plain(Manager& manager, DomainText args) {
    return manager.save(args.dom.uuid, std::move(args.text), {});
}

/// Without a file it is a managed save, as libvirt has it.
Task<Result<>> save_params(Manager& manager, SaveParamsArgs args) {
    const auto params = read_params(args.params);
    if (!params) co_return std::unexpected(params.error());
    auto options = save_options(args.flags, params->xml);
    if (!options) co_return std::unexpected(std::move(options.error()));
    if (!params->file) co_return co_await manager.managed_save(args.dom.uuid, std::move(*options));
    co_return co_await manager.save(args.dom.uuid, *params->file, std::move(*options));
}

Task<Result<>> restore(Manager& manager, RestoreArgs args) {
    const auto paused = paused_by(args.flags);
    if (!paused) co_return std::unexpected(paused.error());
    auto definition = parse_optional(args.xml);
    if (!definition) co_return std::unexpected(std::move(definition.error()));
    manager::RestoreOptions options{
        .paused = *paused, .definition = std::move(*definition), .bypass_cache = bypasses_cache(args.flags)};
    const auto restored = co_await manager.restore(std::move(args.from), std::move(options));
    if (!restored) co_return std::unexpected(restored.error());
    co_return Result<>();
}

Task<Result<>> restore_plain(Manager& manager, std::string from) {
    return restore(manager, {.from = std::move(from)});
}

Task<Result<>> restore_params(Manager& manager, RestoreParamsArgs args) {
    auto params = read_params(args.params);
    if (!params) co_return std::unexpected(std::move(params.error()));
    if (!params->file) co_return fail(Reason::invalid_argument, "no file is given to restore from");
    co_return co_await restore(
        manager, {.from = std::move(*params->file), .xml = std::move(params->xml), .flags = args.flags});
}

Task<Result<std::string>> image_xml(Manager& manager, TextFlags args) {
    co_return xml_of(co_await manager.read_image(std::move(args.text)), args.flags);
}

Task<Result<>> managed_save(Manager& manager, DomainFlags args) {
    auto options = save_options(args.flags, std::nullopt);
    if (!options) co_return std::unexpected(std::move(options.error()));
    co_return co_await manager.managed_save(args.dom.uuid, std::move(*options));
}

Result<bool> has_managed_image(Manager& manager, const DomainFlags& args) {
    return transform(manager.find(args.dom.uuid), &manager::DomainInfo::managed_image);
}

Task<Result<>> remove_managed_image(Manager& manager, DomainFlags args) {
    return manager.remove_managed_image(args.dom.uuid);
}

Task<Result<std::string>> managed_image_xml(Manager& manager, DomainFlags args) {
    co_return xml_of(co_await manager.read_managed_image(args.dom.uuid), args.flags);
}

Task<Result<>> change_image(Manager& manager, ChangeImageArgs args) {
    auto change = image_change(args.flags, args.xml);
    if (!change) co_return std::unexpected(std::move(change.error()));
    co_return co_await manager.change_image(std::move(args.file), std::move(*change));
}

Task<Result<>> change_managed_image(Manager& manager, ChangeManagedImageArgs args) {
    if (!args.xml) co_return fail(Reason::invalid_argument, "no XML is given");
    auto change = image_change(args.flags, *args.xml);
    if (!change) co_return std::unexpected(std::move(change.error()));
    co_return co_await manager.change_managed_image(args.dom.uuid, std::move(*change));
}

}  // namespace virtlight::libvirt::calls
