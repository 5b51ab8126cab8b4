// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/xml_parts.hpp"
#include "domain/xml_values.hpp"

namespace virtlight::domain {
namespace {

/// PV is written "linux" and read as "xen" too, as libvirt has it.
constexpr Word<GuestType> types[] = {
    {"linux", GuestType::pv},
    {"xen", GuestType::pv},
    {"xenpvh", GuestType::pvh},
    {"hvm", GuestType::hvm},
};

constexpr Word<GuestType> machines[] = {
    {"xenpv", GuestType::pv},
    {"xenpvh", GuestType::pvh},
    {"xenfv", GuestType::hvm},
};

GuestType read_type(const XmlElement& os) {
    const auto element = os.child("type");
    const auto word = element.text();
    if (!element) {
        os.invalid("an os <type> must be specified; allowed here: {}", list_words<GuestType>(types));
        return GuestType::pv;
    }
    const auto type = meaning_of<GuestType>(word, types);
    if (!type) {
        element.unsupported("unknown OS type '{}'; allowed here: {}", shown(word),
                            list_words<GuestType>(types));
    }
    const auto meant = type.value_or(GuestType::pv);
    const auto machine = attribute_choice(element, "machine", machines, meant);
    if (machine != meant) {
        element.unsupported(
            "could not find capabilities for os type '{}' with machine '{}'; its machine is {}", shown(word),
            word_for(machine, machines), word_for(meant, machines));
    }
    expect_attribute(element, "arch", "x86_64");
    return meant;
}

void read(const XmlElement& domain, Definition& definition) {
    const auto os = domain.child("os");
    if (!os) {
        domain.invalid("an os <type> must be specified: <domain> has no <os>");
        return;
    }
    definition.type = read_type(os);
    definition.boot.kernel = path_in(os.child("kernel"));
    definition.boot.initrd = path_in(os.child("initrd"));
    definition.boot.cmdline = os.child("cmdline").text();
    // libvirt writes it into every HVM guest that was given no order of boot devices.
    if (definition.type == GuestType::hvm) expect_attribute(os.child("boot"), "dev", "hd");
    if (definition.boot.kernel.empty()) {
        os.unsupported(
            "<os> has no <kernel>: guests boot from a kernel file of dom0 here; bootloaders, disks "
            "and firmware are not supported");
    }
}

void write(XmlWriter& writer, const Definition& definition, Shape) {
    auto os = writer.element("os");
    writer.element("type")
        .attribute("arch", "x86_64")
        .attribute("machine", word_for(definition.type, machines))
        .text(word_for(definition.type, types));
    const auto write_text = [&](std::string_view name, std::string_view text) {
        if (!text.empty()) writer.element(name).text(text);
    };
    write_text("kernel", definition.boot.kernel);
    write_text("initrd", definition.boot.initrd);
    write_text("cmdline", definition.boot.cmdline);
}

}  // namespace

constinit const XmlPart os_part{read, write};

}  // namespace virtlight::domain
