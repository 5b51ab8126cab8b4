// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/xml_parts.hpp"
#include "domain/xml_values.hpp"

namespace virtlight::domain {
namespace {

using Access = SharedFolder::Access;

constexpr Word<Access> access_modes[] = {
    {"passthrough", Access::passthrough}, {"mapped", Access::mapped}, {"squash", Access::squash}};

/// By its place among them.
std::string own_name_of_folder(std::size_t place) {
    return fmt::format("fs{}", place);
}

void read_shared_folders(const XmlElement& devices, Definition& definition) {
    for (const auto& element : devices.children("filesystem")) {
        expect_attribute(element, "type", "mount");
        read_alias(element, own_name_of_folder(definition.shared_folders.size()), definition);
        SharedFolder folder{
            .tag = element.child("target").attribute("dir").value_or(""),
            .path = element.child("source").attribute("dir").value_or(""),
            .access = attribute_choice(element, "accessmode", access_modes, Access::passthrough)};
        if (element.child("readonly"))
            element.unsupported("a shared folder cannot be <readonly/>: Xen's 9pfs has no way to say so");
        if (const auto added = add_shared_folder(definition.shared_folders, std::move(folder)); !added)
            element.unsupported("{}", added.error().message);
    }
}

void write_shared_folders(XmlWriter& writer, const Definition& definition, Shape) {
    for (std::size_t place = 0; const auto& folder : definition.shared_folders) {
        auto element = writer.element("filesystem");
        element.attribute("type", "mount").attribute("accessmode", word_for(folder.access, access_modes));
        writer.element("source").attribute("dir", folder.path);
        writer.element("target").attribute("dir", folder.tag);
        write_alias(writer, definition, own_name_of_folder(place++));
    }
}

}  // namespace

constinit const XmlPart shared_folders_part{read_shared_folders, write_shared_folders};

}  // namespace virtlight::domain
