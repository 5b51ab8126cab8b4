// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/xl_cfg.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "domain/arbitrary.hpp"
#include "domain/channel.hpp"
#include "domain/sample.hpp"
#include "domain/xl_cfg_document.hpp"
#include "domain/xl_cfg_sample.hpp"
#include "domain/xl_cfg_tables.hpp"

namespace virtlight::domain::xl_cfg_test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using xl::pv;
using xl::read;
using xl::refusal;
using xl::refused;

TEST(XlCfg, OfASmallGuestHasXlsDefaults) {
    const auto definition = read(pv);
    EXPECT_FALSE(definition.uuid.is_nil());
    EXPECT_NE(definition.uuid, read(pv).uuid);
    EXPECT_EQ(definition, (Definition{.name = "web",
                                      .uuid = definition.uuid,
                                      .memory_max_kib = 512 * 1024,
                                      .memory_kib = 512 * 1024,
                                      .boot = {.kernel = "/k"},
                                      .consoles = {{Console::Target::xen, 0}}}));
}

TEST(XlCfg, OfALargeGuestIsReadAsXlDoes) {
    const auto definition = read(R"(
        name = "db"; type = "hvm"
        uuid = "11111111-2222-3333-4444-555555555555"
        maxmem = 0x800
        memory = 1024
        vcpus = 2
        maxvcpus = 010
        kernel = "/boot/guest"; ramdisk = "/boot/initrd"; cmdline = "quiet"
        acpi = 0
        hap = 1
        localtime = 1
        on_poweroff = "preserve"; on_reboot = "destroy"; on_crash = "coredump-restart"
        on_watchdog = "coredump-restart"
        device_model_override = "/usr/bin/qemu"
        serial = [ "pty", "pty" ]
        nographic = 1; vnc = 0; usbdevice = []; xen_platform_pci = 1; hpet = 0
    )");
    EXPECT_EQ(definition,
              (Definition{.name = "db",
                          .uuid = *Uuid::parse("11111111-2222-3333-4444-555555555555"),
                          .type = GuestType::hvm,
                          .memory_max_kib = 2048 * 1024,
                          .memory_kib = 1024 * 1024,
                          .vcpus_max = 8,
                          .vcpus = 2,
                          .boot = {.kernel = "/boot/guest",
                                   .initrd = "/boot/initrd",
                                   .cmdline = "quiet",
                                   .order = {BootDevice::disk, BootDevice::cdrom}},
                          .features = {.acpi = false, .apic = true, .pae = true, .hap = true},
                          .platform = {.hpet = false},
                          .clock = ClockOffset::localtime,
                          .on_poweroff = LifecycleAction::preserve,
                          .on_reboot = LifecycleAction::destroy,
                          .on_crash = LifecycleAction::coredump_restart,
                          .emulator = "/usr/bin/qemu",
                          .consoles = {{Console::Target::serial, 0}, {Console::Target::serial, 1}},
                          .video = {Video::Model::cirrus, 8192},
                          .settings = {{"xen_platform_pci", true}}}));
}

TEST(XlCfg, MayHaveOldForms) {
    const auto definition = read(
        "name='old'\nmemory='64'\nbuilder='hvm'\nkernel='/boot/k'\n"
        "root='/dev/xvda1 ro'\nextra='quiet'\nserial='pty'\n");
    EXPECT_EQ(definition.type, GuestType::hvm);
    EXPECT_EQ(definition.boot.cmdline, "root=/dev/xvda1 ro quiet");
    EXPECT_EQ(read(pv + "extra='quiet'").boot.cmdline, "quiet");
    EXPECT_EQ(read(pv + "builder='generic'\ntype='pvh'").type, GuestType::pvh);
    EXPECT_EQ(read(pv + "builder='generic'").type, GuestType::pv);
}

TEST(XlCfg, IsRefusedWithTheOptionAndItsLine) {
    EXPECT_EQ(refused("memroy = 1"),
              "invalid argument: line 4: there is no option 'memroy'; did you mean 'memory'?");
    EXPECT_EQ(
        refused("vif2 = ['x']"),
        "unsupported configuration: line 4: option 'vif2' is not supported: netchannel2 is gone from Xen");
    EXPECT_THAT(refused("type = 'xen'"),
                HasSubstr("line 4: 'type' cannot be 'xen' here; allowed are pv, pvh, hvm"));
    EXPECT_THAT(refused("vcpus = 0"), HasSubstr("line 4: 'vcpus' must be a number from 1 to 512"));
    EXPECT_THAT(refused("vcpus = 'two'"),
                HasSubstr("line 4: 'vcpus' must be a number from 0 to 512, not 'two'"));
    EXPECT_THAT(refused("vcpus = 08"), HasSubstr("line 4: 'vcpus' must be a number"));
    EXPECT_THAT(refused("vcpus = [1]"), HasSubstr("line 4: 'vcpus' is a list, and must be a text"));
    EXPECT_THAT(refused("vcpus = 2\nmaxvcpus = 1"),
                HasSubstr("line 5: 'maxvcpus' is less than 'vcpus': 1 < 2"));
    EXPECT_THAT(refused("maxmem = 64"), HasSubstr("line 4: 'maxmem' is less than 'memory': 64 < 512 MiB"));
    EXPECT_THAT(refused("uuid = 'x'"), HasSubstr("line 4: 'uuid': malformed uuid 'x'"));
    EXPECT_THAT(refused("on_reboot = 'coredump-restart'"), HasSubstr("line 4: 'on_reboot' cannot be"));
    EXPECT_THAT(refused("on_watchdog = 'restart'"),
                HasSubstr("line 4: 'on_watchdog' must be what 'on_crash' is"));
    EXPECT_EQ(refused("on_soft_reset = 'soft-reset'"), "ok");
    EXPECT_EQ(refused("on_soft_reset = 'destroy'\non_reboot = 'destroy'"), "ok");
    EXPECT_THAT(refused("on_soft_reset = 'destroy'"),
                HasSubstr("line 4: 'on_soft_reset' must be 'soft-reset' here, as 'on_reboot' is 'restart'"));
    EXPECT_THAT(refused("cmdline = 'a'\nextra = 'b'"),
                HasSubstr("line 5: 'cmdline' and 'extra' exclude each other"));
    EXPECT_THAT(refused("type = 'pvh'\nacpi = 0"), HasSubstr("line 5: 'acpi' of a PVH guest cannot be off"));
    EXPECT_THAT(refused("serial = 'pty'"), HasSubstr("line 4: 'serial': only HVM guests have serial ports"));
    EXPECT_THAT(
        refused("type = 'hvm'\nserial = 'tcp::4444'"),
        HasSubstr("line 5: 'serial': a serial port that connects to a host needs its name or address"));
    EXPECT_THAT(refusal("name = 'a/b'"), HasSubstr("line 1: 'name': name 'a/b' cannot contain '/'"));
    EXPECT_THAT(refusal("memory = 1"), HasSubstr("a guest needs a 'name'"));
    EXPECT_THAT(refusal("name = 'a'"), HasSubstr("a guest needs 'memory'"));
    EXPECT_THAT(refusal("name = 'a"), HasSubstr("line 1: a text has no closing '"));
}

TEST(XlCfg, IsRefusedWhereItNamesNoFileThatDom0CanHave) {
    EXPECT_EQ(refusal("name = 'a'\nmemory = 64\nkernel = 'relative'"),
              "invalid argument: line 3: 'kernel' must be the absolute path of a file, up to 4095 bytes in "
              "one line, not 'relative'");
    EXPECT_THAT(refused("ramdisk = './initrd'"), HasSubstr("line 4: 'ramdisk' must be the absolute path"));
    EXPECT_THAT(refused("device_model_override = 'qemu'"),
                HasSubstr("line 4: 'device_model_override' must be the absolute path"));
    EXPECT_THAT(refused("type = 'hvm'\nfirmware_override = 'bios'"),
                HasSubstr("line 5: 'firmware_override' must be the absolute path"));
    EXPECT_THAT(refused("bootloader = 'bin/pygrub'"),
                HasSubstr("line 4: 'bootloader' must be an absolute path"));
}

TEST(XlCfg, IsRefusedByTheNamesOfItsOwnOptions) {
    EXPECT_THAT(refusal(xl::hvm + "ramdisk = '/i'"),
                HasSubstr("line 4: 'ramdisk' of an HVM guest needs a 'kernel'"));
    EXPECT_THAT(refusal(xl::hvm + "extra = 'quiet'"),
                HasSubstr("line 4: 'extra' of an HVM guest needs a 'kernel'"));
    EXPECT_THAT(refused("bootloader_args = ['-q']"),
                HasSubstr("line 4: 'bootloader_args' need a 'bootloader'"));
    EXPECT_THAT(refused("uuid = '00000000-0000-0000-0000-000000000000'"),
                HasSubstr("line 4: 'uuid' cannot be"));
    EXPECT_THAT(refused("cmdline = 'a\\x01'"), HasSubstr("line 4: 'cmdline': it has a character that no"));
    EXPECT_THAT(refused("vif = ['',\n'backend=\xff']"),
                HasSubstr("line 5: 'vif': it has a character that no"));
}

TEST(XlCfg, NamesTheLineOfAnElementOfAList) {
    EXPECT_THAT(refused("disk = [\n'/a,raw,xvda',\n'/b,raw,vdb' ]"),
                HasSubstr("line 6: 'disk': 'vdb' is no name"));
    EXPECT_THAT(refused("vif = [ 'mac=x' ]\nvif += [ '' ]"),
                HasSubstr("line 4: 'vif': 'x' is no MAC address"));
    EXPECT_THAT(refused("vif = [ '' ]\nvif += [\n'mac=x' ]"),
                HasSubstr("line 6: 'vif': 'x' is no MAC address"));
}

std::vector<std::string> remarks(const std::string& more) {
    return read_xl_cfg(pv + more).value_or(XlCfg{}).remarks;
}

TEST(XlCfg, TellsWhatXlWouldDoOtherwise) {
    EXPECT_THAT(
        remarks("on_crash = 'restart'"),
        ElementsAre("line 4: 'on_watchdog' is missing, and is 'restart' here, as 'on_crash' is 'restart'; "
                    "with xl it would be 'destroy'"));
    EXPECT_THAT(remarks("on_reboot = 'destroy'"),
                ElementsAre("line 4: 'on_soft_reset' is missing, and is 'destroy' here, as 'on_reboot' is "
                            "'destroy'; with xl it would be 'soft-reset'"));
    EXPECT_THAT(remarks("on_crash = 'restart'\non_watchdog = 'restart'"), IsEmpty());
    EXPECT_THAT(remarks("on_crash = 'destroy'\non_reboot = 'restart'"), IsEmpty());
}

TEST(XlCfg, IsReadWithoutWhatOtherToolsWriteAndXlIgnores) {
    EXPECT_THAT(
        remarks("dhcp = 'dhcp'\nxen_shell = 'alice'\ndevice_model = '/usr/lib/xen/bin/qemu-dm'"),
        ElementsAre("line 6: option 'device_model' is left out: xl ignores it; `device_model_override` "
                    "names the program",
                    "line 4: option 'dhcp' is left out: xen-tools writes it, and xl does not know it",
                    HasSubstr("line 5: option 'xen_shell' is left out: xen-tools writes it")));
    EXPECT_THAT(remarks("parallel = 'none'\ndhcp = ''"), IsEmpty());
    EXPECT_THAT(remarks("parallel = '/dev/parport0'"), ElementsAre(HasSubstr("'parallel' is left out")));
    EXPECT_THAT(
        remarks("on_xend_start = 'start'\non_xend_stop = 'shutdown'\nbootargs = '-q'\ndescription = 'web'"),
        ElementsAre(HasSubstr("line 4: option 'on_xend_start' is left out: xend's, and xl does not"),
                    HasSubstr("line 5: option 'on_xend_stop' is left out"),
                    HasSubstr("line 6: option 'bootargs' is left out"),
                    HasSubstr("line 7: option 'description' is left out")));
    EXPECT_THAT(remarks("vncviewer = 1"), ElementsAre(HasSubstr("'vncviewer' is left out: xl ignores it")));
    EXPECT_THAT(remarks("vncviewer = 0"), IsEmpty());
    EXPECT_THAT(remarks("on_xend_start = 'ignore'\nbootargs = ''\ndescription = 'None'"), IsEmpty());
    EXPECT_EQ(read(pv + "parallel = 'none'").consoles, read(pv).consoles);
}

TEST(XlCfg, OfAGuestThatBootsFromItsDisk) {
    const std::string base = "name='d'\nmemory=64\ndisk=['/a,raw,xvda']\n";
    EXPECT_EQ(read(base + "bootloader='pygrub'\nbootloader_args=['-q','--debug']").boot,
              (Boot{.bootloader = "pygrub", .bootloader_args = {"-q", "--debug"}}));
    EXPECT_THAT(read(base + "bootloader='pygrub'\nbootloader_args='-q --debug'").boot.bootloader_args,
                ElementsAre("-q", "--debug"));
    EXPECT_THAT(
        refusal(base + "bootloader='pygrub'\nbootloader_args=['-q', '--args=root=/dev/xvda ro']"),
        HasSubstr("'bootloader_args': '--args=root=/dev/xvda ro' is one argument for xl, and would be "
                  "2 here"));
    const auto hvm = base + "type='hvm'\n";
    using enum BootDevice;
    EXPECT_EQ(read(hvm).boot, (Boot{.order = {disk, cdrom}}));
    EXPECT_EQ(read(hvm + "boot='ndca'\nbios='ovmf'\nbios_path_override='/f'").boot,
              (Boot{.order = {network, cdrom, disk, floppy}, .firmware = Firmware::efi, .loader = "/f"}));
    EXPECT_EQ(read(hvm + "firmware_override='/f'").boot.firmware, Firmware::bios);
    EXPECT_EQ(read(hvm + "firmware='uefi'").boot.firmware, Firmware::efi);
    EXPECT_EQ(read(hvm + "firmware='/f'").boot,
              (Boot{.order = {disk, cdrom}, .firmware = Firmware::bios, .loader = "/f"}));
    EXPECT_THAT(refusal(hvm + "bios='ovmf'\nfirmware='/f'"),
                HasSubstr("line 6: 'firmware' is of an HVM guest"));
    EXPECT_THAT(refusal(hvm + "firmware='rombios'"), HasSubstr("line 5: 'firmware' must be of an HVM guest"));
    EXPECT_THAT(refusal(base + "firmware='pvgrub64'"),
                HasSubstr("line 4: 'firmware': firmware 'pvgrub64' is a kernel of Xen's: say kernel = "
                          "\"DIRECTORY/pvgrub64.bin\""));
    EXPECT_THAT(refusal(base), HasSubstr("a guest needs a 'kernel', a 'bootloader'"));
    EXPECT_THAT(refusal(hvm + "boot='x'"), HasSubstr("line 5: 'boot' has the letters a, c, d and n"));
    EXPECT_THAT(refusal(hvm + "bios='rombios'"),
                HasSubstr("line 5: 'bios' must be of an HVM guest and one of"));
    EXPECT_THAT(refusal(hvm + "bios='ovmf'\nfirmware_override='/f'"), HasSubstr("with the firmware seabios"));
}

TEST(XlCfg, PlacesVcpusTogetherOrEachForItself) {
    const auto tuning = [](const std::string& more) { return read(pv + "vcpus=3\n" + more).cpu_tuning; };
    EXPECT_EQ(tuning("cpus='0-3,^1'").cpus.format(), "0,2-3");
    for (const auto* anywhere : {"all", "", "0,all", "0-4095"})
        EXPECT_EQ(tuning(fmt::format("cpus='{}'", anywhere)), CpuTuning()) << anywhere;
    EXPECT_EQ(tuning("cpus='all,^0'").cpus.format(), "1-4095");
    const auto some = tuning("cpus=['all,^0','','all']").pins;
    ASSERT_EQ(some.size(), 1u);
    EXPECT_EQ(some.at(0).format(), "1-4095");
    const auto pins = tuning("cpus=['2','all','3-8,^5']").pins;
    ASSERT_EQ(pins.size(), 2u);
    EXPECT_EQ(pins.at(0).format(), "2");
    EXPECT_EQ(pins.at(2).format(), "3-4,6-8");
    EXPECT_EQ(tuning("cpu_weight=512\ncap=150").share, (CpuShare{512, 150}));
    EXPECT_EQ(tuning("cap=0").share, CpuShare());
    EXPECT_THAT(refused("cpus='nodes:0'"), HasSubstr("line 4: 'nodes:0' in 'cpus': NUMA nodes"));
    EXPECT_THAT(refused("cpus=['0','1']"), HasSubstr("line 4: 'cpus' has 2 sets, and the guest 1 vCPUs"));
    EXPECT_THAT(refused("cpu_weight=0"), HasSubstr("line 4: 'cpu_weight' must be from 1 to 65535"));
}

// Writing

bool simple(std::string_view text) {
    return !text.contains(',') && trimmed(text) == text && text != "0";  // which is Domain-0
}

/// The same guest as far as xl has options for it.
Definition as_xl_has_it(Definition d) {
    d.title = d.description = d.metadata = "";
    d.platform.host_cpu = d.platform.nested || !d.platform.cpu_features.empty();
    const auto without_commas = [](std::string& text) { std::erase(text, ','); };
    if (d.type != GuestType::hvm && d.graphics.vnc) without_commas(d.graphics.vnc->password);
    for (auto& controller : d.usb.controllers) {
        const auto number = static_cast<unsigned>(&controller - d.usb.controllers.data());
        for (auto& device : d.usb.devices)
            if (device.controller == controller.index) device.controller = number;
        controller.index = number;
    }
    for (auto& folder : d.shared_folders) {
        without_commas(folder.tag);
        without_commas(folder.path);
    }
    for (auto& console : d.consoles) {
        without_commas(console.name);
        without_commas(console.socket);
    }
    if (d.type == GuestType::hvm) {
        std::erase(d.consoles, Console{Console::Target::xen, 0});
        if (d.consoles.empty() || is_channel(d.consoles.front()))
            d.consoles.insert(d.consoles.begin(), {Console::Target::xen, 0});
    }
    auto& tuning = d.cpu_tuning;
    if (!tuning.cpus.empty() && !tuning.pins.empty()) {
        for (unsigned vcpu = 0; vcpu < d.vcpus_max; ++vcpu)
            tuning.pins.try_emplace(vcpu, tuning.cpus);
        tuning.cpus = {};
    }
    d = without_aliases(std::move(d));
    if (auto& spice = d.graphics.spice; spice && spice->autoport) {
        spice->autoport = false;
        spice->port = 6000;
    }
    for (auto& device : d.pci_devices)
        device.mac.reset();
    std::erase_if(d.usb.devices, [](const UsbDevice& device) { return device.host_bus == 0; });
    for (auto& device : d.usb.devices) {
        device.managed = false;
        device.id.reset();
    }
    for (auto& disk : d.disks) {
        disk.backend = backend_of(disk);
        disk.shareable = false;
        if (!simple(disk.backend_domain)) disk.backend_domain = "storage";
        if (disk.path.empty()) continue;
        disk.source = disk.path.starts_with("/dev/") ? Disk::Source::block : Disk::Source::file;
    }
    for (auto disk : std::exchange(d.disks, {}))
        std::ignore = add_disk(d.disks, std::move(disk), d.type);  // two may have the same source by now
    for (auto& nic : d.nics) {
        if (!simple(nic.backend_domain)) nic.backend_domain = "net";
        nic.link_down = false;
        if (nic.kind == Nic::Kind::network) {
            nic.kind = Nic::Kind::bridge;
            nic.network.clear();
            nic.bridge = "virbr0";
        }
        if (nic.openvswitch || nic.script.empty()) continue;
        nic.script = nic.kind == Nic::Kind::bridge ? "vif-special" : "/etc/vif-route";
    }
    return d;
}

RC_GTEST_PROP(XlCfg, IsReadAsItWasWritten, (const Definition& any)) {
    const auto definition = as_xl_has_it(any);
    const auto file = format_xl_cfg(definition);
    const auto again = parse_xl_cfg(file);
    if (!again) RC_FAIL(again.error().message + "\n" + file);
    RC_ASSERT(*again == definition);
}

TEST(XlCfg, NamesWhatXlHasNoOptionFor) {
    auto definition = read(pv);
    EXPECT_THAT(format_xl_cfg(definition), Not(HasSubstr("#")));
    definition.title = "The web";
    definition.metadata = "<metadata/>";
    definition.graphics.spice = Spice{.autoport = true};
    definition.usb.devices = {{.port = 1, .id = UsbId{0x951, 0x1666}},
                              {.host_bus = 1, .host_device = 4, .port = 2, .id = UsbId{0x951, 0x1667}}};
    definition.aliases = {{"video0", "ua-v"}};
    definition.pci_devices = {{.address = {.bus = 7}, .mac = MacAddress::parse("52:54:00:6d:90:02")}};
    definition.disks = {{.target = parse_disk_name("xvda").value(),
                         .source = Disk::Source::file,
                         .path = "/a",
                         .readonly = true,
                         .shareable = true}};
    definition.nics = {{.mac = {{0x00, 0x16, 0x3e, 0, 0, 1}}, .bridge = "xenbr0", .link_down = true}};
    const auto file = format_xl_cfg(definition);
    EXPECT_THAT(file, HasSubstr("# not said here: the domain's <title>\n"));
    EXPECT_THAT(file, HasSubstr("# not said here: the link of interface 00:16:3e:00:00:01, which is down\n"));
    EXPECT_THAT(file, HasSubstr("# not said here: the domain's <metadata>\n"));
    EXPECT_THAT(file, HasSubstr("# not said here: the domain's <shareable> of disk xvda\n"));
    EXPECT_THAT(file, HasSubstr("# not said here: the port of its SPICE server"));
    EXPECT_THAT(file, Not(HasSubstr("spiceport")));
    EXPECT_THAT(file,
                HasSubstr("# not said here: USB device 0951:1666, as xl knows such by their address\n"));
    EXPECT_THAT(file, HasSubstr("# not said here: that USB device 1.4 is 0951:1667\n"));
    EXPECT_THAT(file, HasSubstr("# not said here: PCI device 0000:07:00.0 is a network interface, with MAC "
                                "address 52:54:00:6d:90:02\n"));
    EXPECT_THAT(file, HasSubstr("# not said here: the alias 'ua-v' of device 'video0'\n"));
    EXPECT_THAT(file, Not(HasSubstr("<description>")));
}

TEST(XlCfg, IsRefusedForAGuestWhoseDevicesWouldBeOthersInIt) {
    const auto guest = read(pv + "vif=['mac=00:16:3e:01:02:03']\ndisk=['/a,raw,xvda']");
    const auto complaint = [&](const std::function<void(Definition&)>& change) {
        auto changed = guest;
        change(changed);
        const auto checked = check_xl_cfg(changed);
        return checked ? "none" : checked.error().message;
    };
    EXPECT_EQ(complaint([](Definition& d) { d.disks[0].backend_domain = "storage"; }), "none");
    EXPECT_EQ(complaint([](Definition& d) { d.disks[0].backend_domain = "a,b"; }),
              "the backend domain 'a,b' of disk xvda holds a comma, which ends a word in xl's files");
    EXPECT_THAT(complaint([](Definition& d) { d.nics[0].backend_domain = "a,b"; }),
                HasSubstr("the backend domain 'a,b' of network interface 00:16:3e:01:02:03 holds a comma"));
    EXPECT_THAT(complaint([](Definition& d) { d.nics[0].script = "/srv/a,b"; }),
                HasSubstr("the script '/srv/a,b' of network interface 00:16:3e:01:02:03 holds a comma"));
}

TEST(XlCfg, HasDisksThatManyWriteServedAsHere) {
    auto definition = read(pv + "disk=['vdev=xvda,target=/a','vdev=xvdb,access=w!,target=/b']");
    EXPECT_TRUE(definition.disks.at(1).shareable);
    const auto file = format_xl_cfg(definition);
    EXPECT_THAT(file, HasSubstr("# not said here: the domain's <shareable> of disk xvdb\n"));
    EXPECT_THAT(file, HasSubstr("\"format=raw,vdev=xvda,access=rw,target=/a\""));
    EXPECT_THAT(file, HasSubstr("\"format=raw,vdev=xvdb,access=rw,backendtype=qdisk,target=/b\""));
}

TEST(XlCfg, IsWrittenOneOptionALine) {
    auto definition = read(pv + "uuid='11111111-2222-3333-4444-555555555555'\ndisk=['/a,raw,xvda']");
    EXPECT_EQ(format_xl_cfg(definition),
              "type = \"pv\"\nname = \"web\"\nuuid = \"11111111-2222-3333-4444-555555555555\"\n"
              "memory = 512\nvcpus = 1\non_poweroff = \"destroy\"\non_reboot = \"restart\"\n"
              "on_crash = \"destroy\"\non_watchdog = \"destroy\"\non_soft_reset = \"soft-reset\"\nkernel = "
              "\"/k\"\n"
              "disk = [ \"format=raw,vdev=xvda,access=rw,target=/a\" ]\n");
}

// The table

std::vector<XlOption> options() {
    std::vector<XlOption> all;
    for_each_xl_option([&](const XlOption& option) { all.push_back(option); });
    return all;
}

TEST(XlCfgTable, HasEachOptionOfXlOnce) {
    std::multiset<std::string_view> keys;
    for (const auto& option : options())
        keys.insert(option.key);
    for (const auto& key : keys)
        EXPECT_EQ(keys.count(key), 1u) << key;
    std::istringstream known(read_data("xl-cfg-options.txt"));
    const std::set<std::string, std::less<>> xls(std::istream_iterator<std::string>(known), {});
    for (const auto& key : xls)
        EXPECT_TRUE(keys.contains(key)) << key << " is an option of xl's, and not in the table";
    EXPECT_GT(xls.size(), 150u);
    for (const auto& option : options())
        EXPECT_TRUE(option.ignored || xls.contains(option.key)) << option.key << " is no option of xl's";
}

TEST(XlCfgTable, SaysWhatBecomesOfEach) {
    for (const auto& option : options()) {
        EXPECT_THAT(option.meaning, Not(IsEmpty())) << option.key;
        EXPECT_EQ(option.read && option.old_form_of.empty(), option.write != nullptr) << option.key;
    }
}

TEST(XlCfgTable, IsWhatTheDocumentSays) {
    const auto path = std::filesystem::path(VIRTLIGHT_TESTS).parent_path() / "docs/xl-cfg.md";
    std::ifstream file(path);
    const std::string document(std::istreambuf_iterator<char>(file), {});
    if (document == xl_cfg_document()) return;
    const auto made = std::filesystem::temp_directory_path() / "xl-cfg.md";
    std::ofstream(made) << xl_cfg_document();
    ADD_FAILURE() << path << " is out of date; " << made << " is what it must be";
}

}  // namespace
}  // namespace virtlight::domain::xl_cfg_test
