// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/channel.hpp"
#include "domain/xml_parts.hpp"
#include "domain/xml_values.hpp"

namespace virtlight::domain {
namespace {

enum class Kind { pty, unix_socket };

constexpr Word<Kind> kinds[] = {{"pty", Kind::pty}, {"unix", Kind::unix_socket}};

std::string own_name(const Console& channel) {
    return fmt::format("channel{}", channel.port);
}

void read(const XmlElement& devices, Definition& definition) {
    for (const auto& element : devices.children("channel")) {
        if (!element.attribute("type"))
            element.invalid("<channel> has no attribute 'type'; allowed here: {}", list_words<Kind>(kinds));
        const auto kind = attribute_choice(element, "type", kinds, Kind::pty);
        const auto target = element.child("target");
        expect_attribute(target, "type", "xen");
        Console channel{.target = Console::Target::channel, .name = target.attribute("name").value_or("")};
        const auto source = element.child("source");
        auto path = source.attribute("path").value_or("");  // of a pty that of the life that was described
        if (kind == Kind::unix_socket) {
            expect_attribute(source, "mode", "bind");
            if (path.empty())
                element.invalid("<channel> of type 'unix' has no <source> with attribute 'path'");
            channel.socket = std::move(path);
        }
        const auto added = add_channel(definition.consoles, std::move(channel));
        if (!added) return element.unsupported("{}", added.error().message);
        read_alias(element, own_name(definition.consoles.back()), definition);
    }
}

void write_channel(XmlWriter& writer, const Definition& definition, const Console& channel, Shape shape) {
    auto element = writer.element("channel");
    const auto kind = channel.socket.empty() ? Kind::pty : Kind::unix_socket;
    element.attribute("type", word_for(kind, kinds));
    if (kind == Kind::unix_socket)
        writer.element("source").attribute("mode", "bind").attribute("path", channel.socket);
    else if (shape == Shape::running && !channel.tty.empty())
        writer.element("source").attribute("path", channel.tty);
    writer.element("target").attribute("type", "xen").attribute("name", channel.name);
    write_alias(writer, definition, own_name(channel));
}

void write(XmlWriter& writer, const Definition& definition, Shape shape) {
    for (const auto& console : definition.consoles)
        if (is_channel(console)) write_channel(writer, definition, console, shape);
}

}  // namespace

constinit const XmlPart channels_part{read, write};

}  // namespace virtlight::domain
