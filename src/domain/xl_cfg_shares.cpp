// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>

#include "domain/channel.hpp"
#include "domain/shared_folder.hpp"
#include "domain/xl_cfg_specs.hpp"
#include "domain/xl_cfg_values.hpp"

// Channels and shared folders: "KEY=VALUE,KEY=VALUE" each.

namespace virtlight::domain {
namespace {

using Access = SharedFolder::Access;

constexpr std::string_view channel_words[] = {"connection", "name", "path", "backend"};
constexpr std::string_view folder_words[] = {"tag", "path", "security_model", "backend"};
constexpr Word<bool> connections[] = {{"pty", false}, {"socket", true}};

/// Of one of these devices; empty: it is none, which is noted.
std::optional<XlSettings> share_words(const XlAt& item, std::span<const std::string_view> known,
                                      std::string_view needed) {
    auto words = item.parameters();
    for (const auto& word : words) {
        const bool elsewhere = word.key == "backend" && word.value.text != "0" && !word.value.text.empty();
        if (elsewhere || std::ranges::find(known, word.key) == known.end())
            item.unsupported("'{}={}' in '{}' is not supported", shown(word.key), shown(word.value.text),
                             item.key());
    }
    if (std::ranges::find(words, needed, &XlSetting::key) != words.end()) return words;
    item.invalid("'{}' needs a '{}'", item.key(), needed);
    return std::nullopt;
}

void read_channels(const XlAt& at, Definition& definition) {
    if (definition.consoles.empty() || is_channel(definition.consoles.front()))
        definition.consoles.insert(definition.consoles.begin(), {Console::Target::xen, 0});
    for (const auto& item : at.items()) {
        const auto words = share_words(item, channel_words, "connection");
        if (!words) return;
        const auto part = item.part(*words, words->front());
        const bool socket = choice<bool>(*part.sibling("connection"), connections, false);
        if (socket != part.sibling("path").has_value())
            return item.invalid("a channel of connection 'socket' has a 'path', and no other one has");
        Console channel{
            .target = Console::Target::channel, .name = part.text_of("name"), .socket = part.text_of("path")};
        if (const auto added = add_channel(definition.consoles, std::move(channel)); !added)
            return item.unsupported("{}", added.error().message);
    }
}

/// A comma would end a value.
bool can_be_said(std::string_view value) {
    return !value.contains(',');
}
bool can_be_said(const Console& channel) {
    return can_be_said(channel.name) && can_be_said(channel.socket);
}
bool can_be_said(const SharedFolder& folder) {
    return can_be_said(folder.tag) && can_be_said(folder.path);
}

void write_channels(const Definition& definition, XlWriter& writer) {
    std::vector<std::string> specs;
    for (const auto& console : definition.consoles) {
        if (!is_channel(console) || !can_be_said(console)) continue;
        const bool socket = !console.socket.empty();
        auto& spec = specs.emplace_back(
            fmt::format("connection={},name={}", word_for<bool>(socket, connections), console.name));
        if (socket) spec += ",path=" + console.socket;
    }
    writer.texts("channel", specs);
}

void read_folders(const XlAt& at, Definition& definition) {
    for (const auto& item : at.items()) {
        const auto words = share_words(item, folder_words, "security_model");
        if (!words) return;
        const auto part = item.part(*words, words->front());
        SharedFolder folder{
            .tag = part.text_of("tag"),
            .path = part.text_of("path"),
            .access = choice<Access>(*part.sibling("security_model"), security_models, Access::squash)};
        if (const auto added = add_shared_folder(definition.shared_folders, std::move(folder)); !added)
            return item.unsupported("{}", added.error().message);
    }
}
void write_folders(const Definition& definition, XlWriter& writer) {
    std::vector<std::string> specs;
    for (const auto& folder : definition.shared_folders)
        if (can_be_said(folder))
            specs.push_back(fmt::format("tag={},path={},security_model={}", folder.tag, folder.path,
                                        word_for<Access>(folder.access, security_models)));
    writer.texts("p9", specs);
}

constexpr XlOption share_options[] = {
    {"channel", "`devices/channel`; of Domain-0 alone", read_channels, write_channels},
    {"p9", "`devices/filesystem`; of Domain-0 alone", read_folders, write_folders},
};

}  // namespace

constinit const XlOptions xl_share_options = share_options;

std::vector<std::string> unsaid_shares(const Definition& definition) {
    std::vector<std::string> unsaid;
    for (const auto& console : definition.consoles)
        if (is_channel(console) && !can_be_said(console))
            unsaid.push_back(fmt::format("channel '{}'", shown(console.name)));
    for (const auto& folder : definition.shared_folders)
        if (!can_be_said(folder)) unsaid.push_back(fmt::format("shared folder '{}'", shown(folder.tag)));
    return unsaid;
}

}  // namespace virtlight::domain
