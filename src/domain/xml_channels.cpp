// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/channel.hpp"
#include "domain/xml_parts.hpp"
#include "domain/xml_values.hpp"

namespace virtlight::domain {
namespace {

enum class ChannelKind { pty, unix_socket };

constexpr Word<ChannelKind> channel_kinds[] = {{"pty", ChannelKind::pty}, {"unix", ChannelKind::unix_socket}};

std::string own_name_of_channel(const Console& channel) {
    return fmt::format("channel{}", channel.port);
}

void read_channels(const XmlElement& devices, Definition& definition) {
    for (const auto& element : devices.children("channel")) {
        if (!element.attribute("type"))
            element.invalid("<channel> has no attribute 'type'; allowed here: {}",
                            list_words<ChannelKind>(channel_kinds));
        const auto kind = attribute_choice(element, "type", channel_kinds, ChannelKind::pty);
        const auto target = element.child("target");
        expect_attribute(target, "type", "xen");
        Console channel{.target = Console::Target::channel, .name = target.attribute("name").value_or("")};
        const auto source = element.child("source");
        auto path = source.attribute("path").value_or("");  // of a pty that of the life that was described
        if (kind == ChannelKind::unix_socket) {
            expect_attribute(source, "mode", "bind");
            if (path.empty())
                element.invalid("<channel> of type 'unix' has no <source> with attribute 'path'");
            channel.socket = std::move(path);
        }
        const auto added = add_channel(definition.consoles, std::move(channel));
        if (!added) return element.unsupported("{}", added.error().message);
        read_alias(element, own_name_of_channel(definition.consoles.back()), definition);
    }
}

void write_channel(XmlWriter& writer, const Definition& definition, const Console& channel, Shape shape) {
    auto element = writer.element("channel");
    const auto kind = channel.socket.empty() ? ChannelKind::pty : ChannelKind::unix_socket;
    element.attribute("type", word_for(kind, channel_kinds));
    if (kind == ChannelKind::unix_socket)
        writer.element("source").attribute("mode", "bind").attribute("path", channel.socket);
    else if (shape == Shape::running && !channel.tty.empty())
        writer.element("source").attribute("path", channel.tty);
    writer.element("target").attribute("type", "xen").attribute("name", channel.name);
    write_alias(writer, definition, own_name_of_channel(channel));
}

void write_channels(XmlWriter& writer, const Definition& definition, Shape shape) {
    for (const auto& console : definition.consoles)
        if (is_channel(console)) write_channel(writer, definition, console, shape);
}

}  // namespace

constinit const XmlPart channels_part{read_channels, write_channels};

}  // namespace virtlight::domain
