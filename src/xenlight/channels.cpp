// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/channels.hpp"

#include <algorithm>
#include <span>
#include <tuple>
#include <utility>

#include "domain/channel.hpp"
#include "domain/shared_folder.hpp"
#include "xenlight/words.hpp"

namespace virtlight::xenlight {
namespace {

using domain::Console;
using domain::Definition;
using domain::is_channel;
using domain::SharedFolder;
using Access = SharedFolder::Access;

bool has_backend(const char* name, libxl_domid domid) {
    return (name && *name) || domid != 0;
}

Result<Console> read_channel(const libxl_device_channel& given) {
    Console channel{.target = Console::Target::channel, .name = text_of(given.name)};
    if (has_backend(given.backend_domname, given.backend_domid))
        return fail(Reason::unsupported_config,
                    "channel '{}' is served by another domain, which is not supported", channel.name);
    if (given.connection == LIBXL_CHANNEL_CONNECTION_SOCKET) channel.socket = text_of(given.u.socket.path);
    if (given.connection != LIBXL_CHANNEL_CONNECTION_PTY && channel.socket.empty())
        return fail(Reason::unsupported_config, "channel '{}' has neither a pty nor a socket", channel.name);
    return channel;
}

Result<SharedFolder> read_shared_folder(const libxl_device_p9& given) {
    SharedFolder folder{.tag = text_of(given.tag), .path = text_of(given.path), .access = Access::squash};
    if (has_backend(given.backend_domname, given.backend_domid))
        return fail(Reason::unsupported_config,
                    "shared folder '{}' is served by another domain, which is not supported", folder.tag);
    const auto model = text_of(given.security_model);
    const auto access = domain::meaning_of<Access>(model, domain::security_models);
    if (!access)
        return fail(Reason::unsupported_config, "shared folder '{}' has the unknown security model '{}'",
                    folder.tag, model);
    folder.access = *access;
    return folder;
}

/// What is wrong with the first one that a definition cannot hold; all others are added.
Result<> add_channels(const libxl_domain_config& config, std::vector<Console>& consoles) {
    Result<> all;
    for (const auto& given : std::span(config.channels, static_cast<std::size_t>(config.num_channels))) {
        auto channel = read_channel(given);
        auto added = channel ? domain::add_channel(consoles, *std::move(channel))
                             : Result<>(std::unexpected(channel.error()));
        if (all && !added) all = std::move(added);
    }
    return all;
}

Result<> add_shared_folders(const libxl_domain_config& config, std::vector<SharedFolder>& folders) {
    Result<> all;
    for (const auto& given : std::span(config.p9s, static_cast<std::size_t>(config.num_p9s))) {
        auto folder = read_shared_folder(given);
        auto added = folder ? domain::add_shared_folder(folders, *std::move(folder))
                            : Result<>(std::unexpected(folder.error()));
        if (all && !added) all = std::move(added);
    }
    return all;
}

}  // namespace

void write_channels(const Definition& definition, libxl_domain_config& config) {
    const auto count = std::ranges::count_if(definition.consoles, is_channel);
    if (count == 0) return;
    config.channels = allocate<libxl_device_channel>(static_cast<std::size_t>(count));
    for (const auto& channel : definition.consoles) {
        if (!is_channel(channel)) continue;
        auto& written = config.channels[config.num_channels++];
        libxl_device_channel_init(&written);
        // Its place among the consoles, the first of which is no channel.
        written.devid = static_cast<int>(channel.port);
        written.name = copy(channel.name);
        libxl_device_channel_init_connection(&written, channel.socket.empty()
                                                           ? LIBXL_CHANNEL_CONNECTION_PTY
                                                           : LIBXL_CHANNEL_CONNECTION_SOCKET);
        if (!channel.socket.empty()) written.u.socket.path = copy(channel.socket);
    }
}

void write_shared_folders(const Definition& definition, libxl_domain_config& config) {
    if (definition.shared_folders.empty()) return;
    config.p9s = allocate<libxl_device_p9>(definition.shared_folders.size());
    for (const auto& folder : definition.shared_folders) {
        auto& written = config.p9s[config.num_p9s];
        libxl_device_p9_init(&written);
        written.devid = config.num_p9s++;
        written.tag = copy(folder.tag);
        written.path = copy(folder.path);
        written.security_model = copy(std::string(domain::word_for(folder.access, domain::security_models)));
    }
}

void read_channels(const libxl_domain_config& config, Definition& definition) {
    std::ignore = add_channels(config, definition.consoles);
}

void read_shared_folders(const libxl_domain_config& config, Definition& definition) {
    std::ignore = add_shared_folders(config, definition.shared_folders);
}

Result<> check_channels(const libxl_domain_config& config) {
    std::vector<Console> consoles;
    return add_channels(config, consoles);
}

Result<> check_shared_folders(const libxl_domain_config& config) {
    std::vector<SharedFolder> folders;
    return add_shared_folders(config, folders);
}

}  // namespace virtlight::xenlight
