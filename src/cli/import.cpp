// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/import.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json.hpp>
#include <fmt/ranges.h>

#include "base/file.hpp"
#include "base/limits.hpp"
#include "base/uuid.hpp"
#include "cli/output.hpp"
#include "cli/procedures.hpp"
#include "domain/text.hpp"
#include "domain/xl_cfg.hpp"
#include "libvirt/client.hpp"
#include "libvirt/messages.hpp"

namespace virtlight::cli {
namespace {

/// With the file that it is about.
std::unexpected<Error> about_file(const std::string& file, const Error& error) {
    return std::unexpected(Error{error.reason, fmt::format("{}: {}", file, error.message), error.details});
}

Result<std::string> read_config(const std::string& file) {
    auto text = read_file(file, limits::xl_cfg_bytes);
    if (!text) return text;
    const auto begin = text->find_first_not_of(" \t\r\n");
    if (begin != text->npos && (*text)[begin] == '<')
        return fail(Reason::invalid_argument,
                    "{}: it is XML, and no configuration of xl's; 'virsh define' takes a domain's XML", file);
    return text;
}

/// A name that another domain has would be refused by the daemon, which cannot say what helps.
Result<> check_name_free(libvirt::Client& client, const virtlight::domain::Definition& wanted) {
    const auto found = client.call<libvirt::Domain>(procedure::lookup_by_name, wanted.name);
    if (!found)
        return found.error().reason == Reason::no_domain ? Result<>() : std::unexpected(found.error());
    if (found->uuid == wanted.uuid) return {};
    return fail(Reason::domain_exists,
                "domain '{}' already exists with uuid {}; if it is the one that is meant, write a line "
                "uuid = \"...\" with that into the file",
                wanted.name, to_string(found->uuid));
}

/// What has become of a file, or would.
struct Imported {
    std::string name;
    std::optional<Uuid> uuid{};  ///< empty: it was not defined
    std::vector<std::string> remarks{};
};

Result<Imported> import_config(libvirt::Client& client, const std::string& file, bool dry_run) {
    const auto text = read_config(file);
    if (!text) return std::unexpected(text.error());
    const auto xml = client.call<std::string>(procedure::xml_from_native,
                                              libvirt::NativeArgs{.format = "xen-xl", .text = *text});
    if (!xml) return about_file(file, xml.error());
    // Here too: the daemon, which has read it, has no way to tell remarks.
    auto cfg = virtlight::domain::read_xl_cfg(*text);
    if (!cfg) return about_file(file, cfg.error());
    if (auto free = check_name_free(client, cfg->definition); !free) return about_file(file, free.error());
    Imported imported{.name = cfg->definition.name, .remarks = std::move(cfg->remarks)};
    if (dry_run) return imported;
    const auto domain = client.call<libvirt::Domain>(procedure::define_xml, *xml);
    if (!domain) return about_file(file, domain.error());
    imported.uuid = domain->uuid;
    return imported;
}

std::string import_json(const std::string& file, const Imported& imported) {
    boost::json::object object{{"name", imported.name},
                               {"file", virtlight::domain::as_utf8(file)},
                               {"remarks", boost::json::value_from(imported.remarks)}};
    if (imported.uuid) object["uuid"] = to_string(*imported.uuid);
    return boost::json::serialize(object) + "\n";
}

std::string import_text(const std::string& file, const Imported& imported) {
    return fmt::format("Domain '{}' {} from {}\n{}{}", imported.name,
                       imported.uuid ? "defined" : "can be defined", file, fmt::join(imported.remarks, "\n"),
                       imported.remarks.empty() ? "" : "\n");
}

/// All that was refused, as one.
std::unexpected<Error> refusals(std::vector<Error> failures, std::size_t files) {
    if (failures.size() == 1) return std::unexpected(std::move(failures.front()));
    Error all{failures.front().reason, fmt::format("{} of {} files are refused:", failures.size(), files)};
    for (auto& failure : failures)
        all.details.push_back(std::move(failure.message));
    return std::unexpected(std::move(all));
}

}  // namespace

Result<> import_configs(const std::filesystem::path& socket, const std::vector<std::string>& files,
                        const ImportOptions& options) {
    auto client = libvirt::Client::connect(socket, false);
    if (!client) return std::unexpected(client.error());
    std::vector<Error> failures;
    for (const auto& file : files) {
        auto imported = import_config(*client, file, options.dry_run);
        if (!imported) {
            failures.push_back(std::move(imported.error()));
            if (failures.back().reason == Reason::timed_out)
                break;  // it would not answer the next one either
            continue;
        }
        const auto told = options.json ? import_json(file, *imported) : import_text(file, *imported);
        if (auto printed = print(told); !printed) return printed;
    }
    if (!failures.empty()) return refusals(std::move(failures), files.size());
    return {};
}

}  // namespace virtlight::cli
