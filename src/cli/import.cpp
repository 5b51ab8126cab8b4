// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/import.hpp"

#include <algorithm>
#include <cstddef>
#include <iterator>
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

using virtlight::domain::Definition;

/// The daemon refuses a name or a uuid that another domain has, but cannot say what helps, and in a dry run
/// it is not asked to define anything.
Result<> check_free(libvirt::Client& client, const Definition& wanted) {
    const auto named = client.call<libvirt::Domain>(procedure::lookup_by_name, wanted.name);
    if (named && named->uuid != wanted.uuid)
        return fail(Reason::domain_exists,
                    "domain '{}' already exists with uuid {}; if it is the one that is meant, write a line "
                    "uuid = \"...\" with that into the file",
                    wanted.name, to_string(named->uuid));
    if (!named && named.error().reason != Reason::no_domain) return std::unexpected(named.error());
    const auto same = client.call<libvirt::Domain>(procedure::lookup_by_uuid, wanted.uuid);
    if (same && same->name != wanted.name)
        return fail(Reason::domain_exists,
                    "uuid {} is that of domain '{}'; rename that one first, or leave the uuid out for a "
                    "domain of its own",
                    to_string(wanted.uuid), same->name);
    if (!same && same.error().reason != Reason::no_domain) return std::unexpected(same.error());
    return {};
}

/// A file of this run that was taken, and what it says.
struct Taken {
    std::string file;
    Definition definition;
};

/// A second file of one domain would replace what the first has said, in silence.
Result<> check_beside(const std::vector<Taken>& before, const Definition& wanted) {
    for (const auto& [file, other] : before) {
        if (other.name == wanted.name)
            return fail(Reason::domain_exists, "{} has the name '{}' already", file, wanted.name);
        if (other.uuid == wanted.uuid)
            return fail(Reason::domain_exists, "{} has the uuid {} already, for domain '{}'", file,
                        to_string(wanted.uuid), other.name);
    }
    return {};
}

/// Both can be defined, but a start of the second is refused while the first one runs.
std::vector<std::string> remarks_beside(const std::vector<Taken>& before, const Definition& wanted) {
    std::vector<std::string> remarks;
    for (const auto& [file, other] : before)
        for (const auto& nic : wanted.nics)
            if (std::ranges::find(other.nics, nic.mac, &virtlight::domain::Nic::mac) != other.nics.end())
                remarks.push_back(fmt::format(
                    "{} has the MAC address {}, too, for domain '{}': only one of the two can run", file,
                    to_string(nic.mac), other.name));
    return remarks;
}

/// What has become of a file, or would.
struct Imported {
    std::string name;
    std::optional<Uuid> uuid{};  ///< empty: it was not defined
    std::vector<std::string> remarks{};
};

/// `taken` has the files before this one, and then this one, too.
Result<Imported> import_config(libvirt::Client& client, const std::string& file, bool dry_run,
                               std::vector<Taken>& taken) {
    const auto text = read_config(file);
    if (!text) return std::unexpected(text.error());
    const auto xml = client.call<std::string>(procedure::xml_from_native,
                                              libvirt::NativeArgs{.format = "xen-xl", .text = *text});
    if (!xml) return about_file(file, xml.error());
    // Here too: the daemon, which has read it, has no way to tell remarks.
    auto cfg = virtlight::domain::read_xl_cfg(*text);
    if (!cfg) return about_file(file, cfg.error());
    if (auto good = check_beside(taken, cfg->definition); !good) return about_file(file, good.error());
    if (auto free = check_free(client, cfg->definition); !free) return about_file(file, free.error());
    Imported imported{.name = cfg->definition.name, .remarks = std::move(cfg->remarks)};
    std::ranges::move(remarks_beside(taken, cfg->definition), std::back_inserter(imported.remarks));
    if (!dry_run) {
        const auto domain = client.call<libvirt::Domain>(procedure::define_xml, *xml);
        if (!domain) return about_file(file, domain.error());
        imported.uuid = domain->uuid;
    }
    taken.push_back({file, std::move(cfg->definition)});
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
    std::vector<Taken> taken;
    std::vector<Error> failures;
    for (const auto& file : files) {
        auto imported = import_config(*client, file, options.dry_run, taken);
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
