// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>

#include "domain/xml_parts.hpp"
#include "domain/xml_values.hpp"

namespace virtlight::domain {
namespace {

/// PV is written "linux" and read as "xen" too, as libvirt has it.
constexpr Word<GuestType> os_types[] = {
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

constexpr Word<BootDevice> boot_devices[] = {
    {"hd", BootDevice::disk},
    {"cdrom", BootDevice::cdrom},
    {"network", BootDevice::network},
    {"fd", BootDevice::floppy},
};

constexpr Word<Firmware> firmwares[] = {{"bios", Firmware::bios}, {"efi", Firmware::efi}};
constexpr Word<Firmware> loader_types[] = {{"rom", Firmware::bios}, {"pflash", Firmware::efi}};

GuestType read_type(const XmlElement& os) {
    const auto element = os.child("type");
    const auto word = element.text();
    if (!element) {
        os.invalid("an os <type> must be specified; allowed here: {}", list_words<GuestType>(os_types));
        return GuestType::pv;
    }
    const auto type = meaning_of<GuestType>(word, os_types);
    if (!type) {
        element.unsupported("unknown OS type '{}'; allowed here: {}", shown(word),
                            list_words<GuestType>(os_types));
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

void read_order(const XmlElement& os, Boot& boot) {
    for (const auto& element : os.children("boot")) {
        if (!element.attribute("dev")) element.invalid("<boot> has no attribute 'dev'");
        const auto device = attribute_choice(element, "dev", boot_devices, BootDevice::disk);
        if (std::ranges::find(boot.order, device) != boot.order.end())
            element.invalid("<boot> device '{}' may appear only once", word_for(device, boot_devices));
        boot.order.push_back(device);
    }
    if (boot.order.empty()) boot.order = {BootDevice::disk};
    expect_attribute(os.child("bootmenu"), "enable", "no");  // which virt-manager writes, and libxl has none
}

/// A loader of type rom is the hvmloader that brings a BIOS along, one of type pflash an image of UEFI.
void read_firmware(const XmlElement& os, Boot& boot) {
    const auto asked = attribute_choice(os, "firmware", firmwares, Firmware::chosen);
    boot.firmware = asked;
    const auto loader = os.child("loader");
    boot.loader = path_in(loader);
    if (!loader) return;
    expect_attribute(loader, "readonly", "yes");
    expect_attribute(loader, "secure", "no");
    expect_attribute(loader, "format", "raw");
    const auto type = attribute_choice(loader, "type", loader_types, Firmware::bios);
    if (boot.loader.empty()) {
        loader.invalid("<loader> must be the path of the guest's firmware");
    } else if (asked != Firmware::chosen && asked != type) {
        loader.unsupported("<loader> of type '{}' contradicts firmware '{}'", word_for(type, loader_types),
                           word_for(asked, firmwares));
    }
    boot.firmware = type;
}

/// A PV or PVH guest boots from its kernel or, by its bootloader, from its first disk. virt-install says as
/// much of each, and libvirt does not keep it.
void expect_disk(const XmlElement& os) {
    for (const auto& element : os.children("boot"))
        expect_attribute(element, "dev", word_for(BootDevice::disk, boot_devices));
}

/// libvirt gives a PV guest pygrub where nothing else is said.
void read_bootloader(const XmlElement& domain, const XmlElement& os, Definition& definition) {
    auto& boot = definition.boot;
    const auto element = domain.child("bootloader");
    boot.bootloader = trimmed(element.text());
    if (!is_bootloader(boot.bootloader))
        element.invalid("<bootloader> must be an absolute path or a name like pygrub, not '{}'",
                        shown(boot.bootloader));
    const auto args = domain.child("bootloader_args");
    boot.bootloader_args = words_in(args.text());
    const bool boots = !boot.kernel.empty() || !boot.bootloader.empty();
    if (!boots && definition.type == GuestType::pv) boot.bootloader = "pygrub";
    if (!boots && definition.type == GuestType::pvh)
        os.unsupported(
            "<os> has no <kernel>, and <domain> no <bootloader>: a PVH guest boots from one of them");
    if (boot.bootloader.empty() && !boot.bootloader_args.empty())
        args.unsupported("<bootloader_args> need a <bootloader>");
}

/// They come before the type of the guest, which says how many there can be.
void check_vcpus(const XmlElement& domain, const Definition& definition) {
    const auto most = most_vcpus(definition.type);
    if (definition.vcpus_max > most)
        domain.child("vcpu").unsupported("maximum vcpus count of a guest of this type is {}, not {}", most,
                                         definition.vcpus_max);
}

void read_os(const XmlElement& domain, Definition& definition) {
    const auto os = domain.child("os");
    if (!os) {
        domain.invalid("an os <type> must be specified: <domain> has no <os>");
        return;
    }
    auto& boot = definition.boot;
    definition.type = read_type(os);
    check_vcpus(domain, definition);
    boot.kernel = path_in(os.child("kernel"));
    boot.initrd = path_in(os.child("initrd"));
    boot.cmdline = os.child("cmdline").text();
    if (definition.type == GuestType::hvm) {
        read_order(os, boot);
        read_firmware(os, boot);
        if (boot.kernel.empty() && !(boot.initrd.empty() && boot.cmdline.empty()))
            os.unsupported("<initrd> and <cmdline> of an HVM guest need a <kernel>");
    } else {
        expect_disk(os);
        read_bootloader(domain, os, definition);
    }
}

void write_firmware(XmlWriter& writer, const Boot& boot) {
    if (boot.loader.empty()) return;
    writer.element("loader")
        .attribute("readonly", "yes")
        .attribute("type", word_for(boot.firmware, loader_types))
        .text(boot.loader);
}

void write_os(XmlWriter& writer, const Definition& definition, Shape) {
    const auto& boot = definition.boot;
    const auto write_text = [&](std::string_view name, std::string_view text) {
        if (!text.empty()) writer.element(name).text(text);
    };
    write_text("bootloader", boot.bootloader);
    write_text("bootloader_args", fmt::format("{}", fmt::join(boot.bootloader_args, " ")));
    auto os = writer.element("os");
    if (boot.firmware != Firmware::chosen && boot.loader.empty())
        os.attribute("firmware", word_for(boot.firmware, firmwares));
    writer.element("type")
        .attribute("arch", "x86_64")
        .attribute("machine", word_for(definition.type, machines))
        .text(word_for(definition.type, os_types));
    write_firmware(writer, boot);
    write_text("kernel", boot.kernel);
    write_text("initrd", boot.initrd);
    write_text("cmdline", boot.cmdline);
    for (const auto device : boot.order)
        writer.element("boot").attribute("dev", word_for(device, boot_devices));
}

}  // namespace

constinit const XmlPart os_part{read_os, write_os};

}  // namespace virtlight::domain
