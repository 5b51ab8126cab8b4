// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/xl_cfg.hpp"

#include <algorithm>
#include <utility>

#include "domain/xl_cfg_specs.hpp"
#include "domain/xl_cfg_tables.hpp"
#include "domain/xml.hpp"

namespace virtlight::domain {
namespace {

std::vector<std::string_view> option_names() {
    std::vector<std::string_view> names;
    for_each_xl_option([&](const XlOption& option) { names.push_back(option.key); });
    return names;
}

/// What says nothing, or what is so anyway.
bool says_no_more(const XlSetting& setting, const XlOption& option) {
    const auto& value = setting.value;
    if (value.kind == XlValue::Kind::list ? value.items.empty() : value.text.empty()) return true;
    return !option.holds.empty() && value.text == option.holds;
}

void read_option(const XlOption& option, XlReading& reading, Definition& definition) {
    const auto& settings = reading.settings();
    const auto found = std::ranges::find(settings, option.key, &XlSetting::key);
    if (found == settings.end()) return;
    const XlAt at(reading, *found);
    if (option.read) return option.read(at, definition);
    if (says_no_more(*found, option)) return;
    if (option.ignored)
        at.remark("option '{}' is left out: {}", option.key, option.meaning);
    else
        at.unsupported("option '{}' is not supported: {}", option.key, option.meaning);
}

/// What a definition keeps is kept as XML.
void check_can_be_kept(const XlAt& at) {
    if (at.is_list()) {
        std::ranges::for_each(at.items(), check_can_be_kept);
        return;
    }
    for (std::string_view rest = at.text(); !rest.empty();) {
        const auto character = take_char(rest);
        if (!character || !is_xml_char(*character))
            return at.invalid("it has a character that no definition can hold: '{}'", shown(at.text()));
    }
}

void read_settings(XlReading& reading, Definition& definition) {
    const auto names = option_names();
    for (const auto& setting : reading.settings()) {
        const XlAt at(reading, setting);
        if (std::ranges::find(names, setting.key) == names.end())
            at.invalid("there is no option '{}'{}", setting.key, suggestion(setting.key, names));
        check_can_be_kept(at);
    }
    for_each_xl_option([&](const XlOption& option) { read_option(option, reading, definition); });
    if (definition.name.empty()) reading.note(Reason::invalid_argument, 1, "a guest needs a 'name'");
    if (definition.memory_max_kib == 0) reading.note(Reason::invalid_argument, 1, "a guest needs 'memory'");
    if (definition.type != GuestType::hvm && definition.boot.kernel.empty() &&
        definition.boot.bootloader.empty())
        reading.note(Reason::invalid_argument, 1,
                     "a guest needs a 'kernel', a 'bootloader' or to be of 'type' hvm");
    if (definition.type != GuestType::hvm)
        definition.video = default_video(definition.type, definition.graphics);
    if (definition.consoles.empty()) definition.consoles = {{Console::Target::xen, 0}};
}

/// A sentence without the "line N: " in front of it.
std::string_view without_line(std::string_view message) {
    constexpr std::string_view line = "line ";
    if (!message.starts_with(line)) return message;
    const auto end = message.find(": ");
    return end == message.npos ? message : message.substr(end + 2);
}

/// Comments about what only a definition has.
std::string without_place(const Definition& definition) {
    std::string lines;
    const auto add = [&]<class... Args>(fmt::format_string<Args...> text, Args&&... args) {
        lines += fmt::format("# not said here: {}\n", fmt::format(text, std::forward<Args>(args)...));
    };
    if (!definition.title.empty()) add("the domain's <title>");
    if (!definition.description.empty()) add("the domain's <description>");
    if (!definition.metadata.empty()) add("the domain's <metadata>");
    for (const auto& [alias, device] : users_aliases(definition))
        add("the alias '{}' of {}", alias, device);
    if (definition.graphics.spice && definition.graphics.spice->autoport)
        add("the port of its SPICE server, which is taken at each start; xl needs one");
    for (const auto& word : unsaid_of_vfb(definition))
        add("'{}' of the screen, which holds a comma", word);
    for (const auto& share : unsaid_shares(definition))
        add("{}, whose words hold a comma", share);
    for (const auto& device : definition.pci_devices)
        if (device.mac)
            add("PCI device {} is a network interface, with MAC address {}", to_string(device.address),
                to_string(*device.mac));
    for (const auto& device : definition.usb.devices) {
        if (!device.id) continue;
        if (device.host_bus == 0)
            add("USB device {}, as xl knows such by their address", to_string(device));
        else
            add("that USB device {} is {}", to_string(device), to_string(*device.id));
    }
    for (const auto& device : definition.usb.devices)
        if (device.managed) add("managed='yes' of USB device {}", to_string(device));
    for (const auto& nic : definition.nics)
        if (nic.link_down) add("the link of interface {}, which is down", to_string(nic.mac));
    for (const auto& disk : definition.disks)
        if (disk.shareable) add("the domain's <shareable> of disk {}", to_string(disk.target));
    return lines;
}

/// A comma would end it, and the device would be another one.
Result<> check_is_word(std::string_view what, std::string_view value, std::string_view device) {
    if (!value.contains(',')) return {};
    return fail(Reason::unsupported_config,
                "the {} '{}' of {} holds a comma, which ends a word in xl's files", what, shown(value),
                device);
}

Result<> check_xl_nic(const Nic& nic) {
    const auto name = fmt::format("network interface {}", to_string(nic.mac));
    if (nic.kind == Nic::Kind::network)
        return fail(Reason::unsupported_config,
                    "{} is on network '{}', and xl knows no networks of libvirt's: name its bridge, which "
                    "`virsh net-info` tells, as in <interface type='bridge'> with <source bridge='virbr0'/>",
                    name, nic.network);
    if (auto good = check_is_word("script", nic.script, name); !good) return good;
    return check_is_word("backend domain", nic.backend_domain, name);
}

}  // namespace

Result<XlCfg> read_xl_cfg(std::string_view text) {
    const auto settings = parse_xl_settings(text);
    if (!settings) return std::unexpected(settings.error());
    Definition definition{.uuid = Uuid::random()};
    XlReading reading(*settings);
    read_settings(reading, definition);
    if (auto done = reading.finish(); !done) return std::unexpected(std::move(done.error()));
    // One place knows what a definition may be. What only that finds is in a line of no file.
    const auto checked = parse_xml(format_xml(definition));
    if (checked) return XlCfg{std::move(definition), reading.take_remarks()};
    return fail(checked.error().reason, "as a definition: {}", without_line(checked.error().message));
}

Result<Definition> parse_xl_cfg(std::string_view text) {
    auto cfg = read_xl_cfg(text);
    if (!cfg) return std::unexpected(std::move(cfg.error()));
    return std::move(cfg->definition);
}

Result<> check_xl_cfg(const Definition& definition) {
    for (const auto& nic : definition.nics)
        if (auto good = check_xl_nic(nic); !good) return good;
    for (const auto& disk : definition.disks)
        if (auto good =
                check_is_word("backend domain", disk.backend_domain, "disk " + to_string(disk.target));
            !good)
            return good;
    return {};
}

std::string format_xl_cfg(const Definition& definition) {
    XlWriter writer;
    for_each_xl_option([&](const XlOption& option) {
        if (option.write) option.write(definition, writer);
    });
    return without_place(definition) + format_xl_settings(std::move(writer).take());
}

}  // namespace virtlight::domain
