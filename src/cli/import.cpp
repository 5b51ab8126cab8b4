// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/import.hpp"

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json.hpp>
#include <fmt/ranges.h>

#include "base/file.hpp"
#include "base/limits.hpp"
#include "domain/text.hpp"
#include "domain/xl_cfg.hpp"
#include "libvirt/client.hpp"
#include "libvirt/messages.hpp"

namespace virtlight::cli {
namespace {

/// What the daemon, which has read the file, has no way to tell.
std::vector<std::string> remarks_about(std::string_view xl_cfg) {
    auto cfg = virtlight::domain::read_xl_cfg(xl_cfg);
    return cfg ? std::move(cfg->remarks) : std::vector<std::string>();
}

}  // namespace

Result<std::string> import_config(const std::filesystem::path& socket, const std::filesystem::path& file,
                                  bool json) {
    constexpr std::int32_t define_xml = 11;
    constexpr std::int32_t xml_from_native = 135;
    auto text = read_file(file, limits::xl_cfg_bytes);
    if (!text) return std::unexpected(text.error());
    auto client = libvirt::Client::connect(socket, false);
    if (!client) return std::unexpected(client.error());
    const auto xml =
        client->call<std::string>(xml_from_native, libvirt::NativeArgs{.format = "xen-xl", .text = *text});
    if (!xml) return fail(xml.error().reason, "{}: {}", file.string(), xml.error().message);
    const auto domain = client->call<libvirt::Domain>(define_xml, *xml);
    if (!domain) return std::unexpected(domain.error());
    const auto remarks = remarks_about(*text);
    if (json)
        return boost::json::serialize(boost::json::object{{"name", domain->name},
                                                          {"uuid", to_string(domain->uuid)},
                                                          {"file", virtlight::domain::as_utf8(file.string())},
                                                          {"remarks", boost::json::value_from(remarks)}}) +
               "\n";
    return fmt::format("Domain '{}' defined from {}\n{}{}", domain->name, file.string(),
                       fmt::join(remarks, "\n"), remarks.empty() ? "" : "\n");
}

}  // namespace virtlight::cli
