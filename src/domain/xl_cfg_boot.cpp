// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <iterator>

#include "domain/xl_cfg_options.hpp"
#include "domain/xml_values.hpp"

// What a guest boots.

namespace virtlight::domain {
namespace {

/// Files of old name Xen's own firmware as the kernel of an HVM guest, which goes without saying.
bool is_firmware(std::string_view path, GuestType type) {
    return type == GuestType::hvm && (path == "hvmloader" || path.ends_with("/hvmloader"));
}

void read_kernel(const XlAt& at, Definition& definition) {
    if (!is_firmware(at.text(), definition.type)) definition.boot.kernel = at.path();
}
void write_kernel(const Definition& definition, XlWriter& writer) {
    writer.text_if_any("kernel", definition.boot.kernel);
}

/// What a kernel is started with says nothing to firmware.
void needs_kernel(const XlAt& at, const Definition& definition) {
    if (definition.type == GuestType::hvm && definition.boot.kernel.empty() && !at.says_nothing())
        at.unsupported("'{}' of an HVM guest needs a 'kernel'", at.key());
}

void read_ramdisk(const XlAt& at, Definition& definition) {
    definition.boot.initrd = at.path();
    needs_kernel(at, definition);
}
void write_ramdisk(const Definition& definition, XlWriter& writer) {
    writer.text_if_any("ramdisk", definition.boot.initrd);
}

void read_cmdline(const XlAt& at, Definition& definition) {
    definition.boot.cmdline = at.text();
    needs_kernel(at, definition);
}
void write_cmdline(const Definition& definition, XlWriter& writer) {
    writer.text_if_any("cmdline", definition.boot.cmdline);
}

/// The two of old come together: "root=ROOT EXTRA".
void read_root_and_extra(const XlAt& at, Definition& definition) {
    if (at.sibling("cmdline"))
        return at.unsupported("'cmdline' and '{}' exclude each other: 'cmdline' is the whole of it",
                              at.key());
    const auto root = at.sibling("root");
    const auto extra = at.sibling("extra");
    auto& cmdline = definition.boot.cmdline;
    cmdline.clear();
    if (root) cmdline = "root=" + root->text();
    if (root && extra) cmdline += ' ';
    if (extra) cmdline += extra->text();
    needs_kernel(at, definition);
}

void read_bootloader(const XlAt& at, Definition& definition) {
    if (definition.type == GuestType::hvm) return at.unsupported("an HVM guest has no bootloader of dom0");
    const auto& bootloader = at.text();
    if (!is_bootloader(bootloader))
        at.invalid("'bootloader' must be an absolute path or a name like pygrub, not '{}'",
                   shown(bootloader));
    definition.boot.bootloader = trimmed(bootloader);
}
void write_bootloader(const Definition& definition, XlWriter& writer) {
    writer.text_if_any("bootloader", definition.boot.bootloader);
}

/// A list of words, or of old a text of them.
void read_bootloader_args(const XlAt& at, Definition& definition) {
    for (const auto& item : at.items()) {
        auto words = words_in(item.text());
        if (at.is_list() && words.size() > 1)
            item.unsupported("'{}' is one argument for xl, and would be {} here, where each ends at a blank",
                             shown(item.text()), words.size());
        std::ranges::move(words, std::back_inserter(definition.boot.bootloader_args));
    }
    if (definition.boot.bootloader.empty() && !definition.boot.bootloader_args.empty())
        at.unsupported("'bootloader_args' need a 'bootloader'");
}
void write_bootloader_args(const Definition& definition, XlWriter& writer) {
    writer.texts("bootloader_args", definition.boot.bootloader_args);
}

constexpr std::pair<char, BootDevice> boot_letters[] = {
    {'a', BootDevice::floppy}, {'c', BootDevice::disk}, {'d', BootDevice::cdrom}, {'n', BootDevice::network}};

void read_order(const XlAt& at, Definition& definition) {
    if (definition.type != GuestType::hvm)
        return at.unsupported("only HVM guests have an order of boot devices");
    auto& order = definition.boot.order;
    order.clear();
    for (const char letter : at.text()) {
        const auto* const found =
            std::ranges::find(boot_letters, letter, &std::pair<char, BootDevice>::first);
        if (found == std::end(boot_letters))
            return at.invalid("'boot' has the letters a, c, d and n, and not '{}'", shown(at.text()));
        if (std::ranges::find(order, found->second) == order.end()) order.push_back(found->second);
    }
    if (order.empty()) at.invalid("'boot' names no device");
}
void write_order(const Definition& definition, XlWriter& writer) {
    std::string order;
    for (const auto device : definition.boot.order)
        order += std::ranges::find(boot_letters, device, &std::pair<char, BootDevice>::second)->first;
    writer.text_if_any("boot", order);
}

constexpr Word<Firmware> xl_firmwares[] = {
    {"seabios", Firmware::bios}, {"ovmf", Firmware::efi}, {"bios", Firmware::bios}, {"uefi", Firmware::efi}};

void read_firmware(const XlAt& at, Definition& definition) {
    const auto firmware = meaning_of<Firmware>(at.text(), xl_firmwares);
    if (!firmware || definition.type != GuestType::hvm)
        return at.unsupported("'{}' must be of an HVM guest and one of {}, not '{}'", at.key(),
                              list_words<Firmware>(xl_firmwares), shown(at.text()));
    definition.boot.firmware = *firmware;
}
void write_firmware(const Definition& definition, XlWriter& writer) {
    if (definition.boot.firmware != Firmware::chosen)
        writer.text("bios", word_for<Firmware>(definition.boot.firmware, xl_firmwares));
}

void read_loader(const XlAt& at, Definition& definition, Firmware firmware) {
    auto& boot = definition.boot;
    if (definition.type != GuestType::hvm || (boot.firmware != Firmware::chosen && boot.firmware != firmware))
        return at.unsupported("'{}' is of an HVM guest with the firmware {}", at.key(),
                              word_for<Firmware>(firmware, xl_firmwares));
    boot.firmware = firmware;
    boot.loader = at.path();
}
void write_loader(const Definition& definition, XlWriter& writer, std::string_view key, Firmware firmware) {
    if (definition.boot.firmware == firmware) writer.text_if_any(key, definition.boot.loader);
}
void read_hvmloader(const XlAt& at, Definition& definition) {
    read_loader(at, definition, Firmware::bios);
}
void write_hvmloader(const Definition& definition, XlWriter& writer) {
    write_loader(definition, writer, "firmware_override", Firmware::bios);
}
/// "firmware" says in one word, or by a path, what "bios" and "firmware_override" say; and of other guests it
/// is a kernel.
void read_short_firmware(const XlAt& at, Definition& definition) {
    const auto& firmware = at.text();
    const bool hvm = definition.type == GuestType::hvm;
    if (hvm && firmware.starts_with('/')) return read_hvmloader(at, definition);
    if (!hvm && (firmware == "pvgrub32" || firmware == "pvgrub64"))
        return at.unsupported(
            "firmware '{0}' is a kernel of Xen's: say kernel = \"DIRECTORY/{0}.bin\", where Xen's firmware "
            "is, as in /usr/lib/xen-4.17/boot",
            firmware);
    read_firmware(at, definition);
}
void read_uefi(const XlAt& at, Definition& definition) {
    read_loader(at, definition, Firmware::efi);
}
void write_uefi(const Definition& definition, XlWriter& writer) {
    write_loader(definition, writer, "bios_path_override", Firmware::efi);
}

constexpr XlOption boot_options[] = {
    {"kernel", "`os/kernel`", read_kernel, write_kernel},
    {"ramdisk", "`os/initrd`", read_ramdisk, write_ramdisk},
    {"cmdline", "`os/cmdline`", read_cmdline, write_cmdline},
    {"root", "`os/cmdline`", read_root_and_extra, nullptr, "cmdline"},
    {"extra", "`os/cmdline`", read_root_and_extra, nullptr, "cmdline"},
    {"bootloader", "`bootloader`", read_bootloader, write_bootloader},
    {"bootloader_args", "`bootloader_args`", read_bootloader_args, write_bootloader_args},
    {"boot", "`os/boot/@dev`", read_order, write_order},
    {"bios", "`os/@firmware`; not rombios", read_firmware, write_firmware},
    {"firmware",
     "`os/@firmware`, or `os/loader` of type rom where it is a path; not pvgrub32 and pvgrub64, which are "
     "`os/kernel`",
     read_short_firmware, nullptr, "bios"},
    {"firmware_override", "`os/loader` of type rom", read_hvmloader, write_hvmloader},
    {"bios_path_override", "`os/loader` of type pflash", read_uefi, write_uefi},
};

}  // namespace

constinit const XlOptions xl_boot_options = boot_options;

}  // namespace virtlight::domain
