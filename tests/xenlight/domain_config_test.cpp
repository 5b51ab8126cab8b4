// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/domain_config.hpp"

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <sstream>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "domain/memory.hpp"
#include "xenlight/words.hpp"

namespace virtlight::xenlight {
namespace {

using domain::Console;
using domain::Definition;
using domain::Disk;
using domain::GuestType;
using domain::LifecycleAction;
using domain::MacAddress;
using domain::mib;
using domain::Nic;

Definition guest(GuestType type) {
    return {
        .name = "guest",
        .uuid = *Uuid::parse("c7a5fdbd-edaf-9455-926a-d65c16db1809"),
        .type = type,
        .memory_max_kib = 512 * mib,
        .memory_kib = 256 * mib,
        .vcpus_max = 10,
        .vcpus = 3,
        .boot = {.kernel = "/boot/vmlinuz", .initrd = "/boot/initrd.img", .cmdline = "console=hvc0 quiet"},
        .clock = domain::ClockOffset::localtime,
        .on_poweroff = LifecycleAction::preserve,
        .on_reboot = LifecycleAction::rename_restart,
        .on_crash = LifecycleAction::coredump_destroy,
        .consoles = {{.target = Console::Target::xen, .port = 0}},
    };
}

MacAddress mac(std::uint8_t last) {
    return {{0x00, 0x16, 0x3e, 0, 0, last}};
}

Definition pv_guest() {
    auto definition = guest(GuestType::pv);
    definition.nics = {
        {.mac = mac(1),
         .devid = 2,
         .bridge = "xenbr0",
         .addresses = {"10.0.0.1", "10.0.0.2"},
         .target = "web0"},
        {.mac = mac(2),
         .kind = Nic::Kind::ethernet,
         .script = "vif-route",
         .backend_domain = "netvm",
         .mtu = 9000},
        {.mac = mac(3),
         .devid = 1,
         .bridge = "ovsbr0",
         .openvswitch = domain::OpenVswitch{.tag = 42, .trunk = {7, 8}}},
    };
    return definition;
}

Definition pvh_guest() {
    auto definition = guest(GuestType::pvh);
    definition.features = {.acpi = true, .apic = true, .hap = true};
    return definition;
}

Definition hvm_guest() {
    auto definition = guest(GuestType::hvm);
    definition.features = {.acpi = false, .apic = true, .pae = true, .hap = false};
    definition.boot.order = {domain::BootDevice::disk};
    definition.emulator = "/usr/bin/qemu-system-i386";
    definition.nics = {
        {.mac = mac(1), .bridge = "xenbr0", .model = "e1000", .rate_kib = 1000},
        {.mac = mac(2), .devid = 1, .bridge = "xenbr1", .script = "vif-nat", .model = "netfront"}};
    definition.consoles = {{.target = Console::Target::serial, .port = 0},
                           {.target = Console::Target::serial, .port = 1}};
    return definition;
}

Definition pygrub_guest() {
    auto definition = guest(GuestType::pv);
    definition.boot = {.bootloader = "pygrub", .bootloader_args = {"-q", "--offset=0"}};
    definition.disks = {{.target = {.index = 0},
                         .source = Disk::Source::file,
                         .path = "/srv/a.img",
                         .backend_domain = "storage"},
                        {.target = {.index = 1, .partition = 2},
                         .source = Disk::Source::block,
                         .path = "/dev/vg/b",
                         .backend = Disk::Backend::phy,
                         .readonly = true}};
    return definition;
}

Definition installing_guest() {
    auto definition = hvm_guest();
    definition.boot = {
        .order = {domain::BootDevice::cdrom, domain::BootDevice::disk, domain::BootDevice::network},
        .firmware = domain::Firmware::efi,
        .loader = "/usr/lib/xen-4.17/boot/ovmf.bin"};
    definition.disks = {{.target = {.index = 0, .bus = domain::DiskBus::ide},
                         .source = Disk::Source::file,
                         .path = "/srv/a.qcow2",
                         .format = Disk::Format::qcow2,
                         .backend = Disk::Backend::qemu,
                         .direct_io = true,
                         .discard = false},
                        {.target = {.index = 2, .bus = domain::DiskBus::ide},
                         .device = Disk::Device::cdrom,
                         .readonly = true}};
    return definition;
}

Definition desktop_guest() {
    auto definition = hvm_guest();
    definition.graphics = {
        .vnc = domain::Vnc{.listen = "::1", .autoport = false, .port = 5907, .password = "secret"},
        .spice =
            domain::Spice{.listen = "0.0.0.0", .port = 6000, .password = "long secret", .clipboard = false},
        .keymap = "de"};
    definition.video = {domain::Video::Model::vga, 32 * mib};
    definition.usb_inputs = {domain::Input::tablet, domain::Input::keyboard};
    definition.sound = domain::SoundModel::ich6;
    return definition;
}

/// A PV guest with Xen's framebuffer.
Definition shown_guest() {
    auto definition = pv_guest();
    definition.graphics = {.vnc = domain::Vnc{.password = "secret"},
                           .sdl = domain::Sdl{":0", "/root/.Xauthority"}};
    definition.video = {domain::Video::Model::xen, 4 * mib};
    return definition;
}

/// An HVM guest with devices of the host, channels and shared folders.
Definition passing_guest() {
    auto definition = hvm_guest();
    definition.pci_devices = {
        {.address = {.domain = 1, .bus = 7, .slot = 16, .function = 1}, .managed = true, .permissive = true},
        {.address = {.bus = 8}, .guest_slot = 5}};
    using Model = domain::UsbController::Model;
    definition.usb = {.controllers = {{0, Model::xhci, 15}, {2, Model::qusb1, 3}, {3, Model::ehci, 6}},
                      .devices = {{.host_bus = 1, .host_device = 4, .controller = 2, .port = 3}}};
    for (const std::string name : {"org.example.agent.0", "other"})
        definition.consoles.push_back({.target = Console::Target::channel, .name = name});
    definition.consoles[2].port = 1;
    definition.consoles[3].port = 2;
    definition.consoles[3].socket = "/run/guests/other";
    using enum domain::SharedFolder::Access;
    definition.shared_folders = {{"home", "/srv/home", squash}, {"more", "/srv/more", mapped}};
    return definition;
}

Definition numa_guest() {
    auto definition = hvm_guest();
    definition.memory_max_kib = definition.memory_kib = 512 * mib;
    definition.vcpus_max = definition.vcpus = 4;
    definition.features.acpi = true;
    definition.numa = {
        {.memory_kib = 384 * mib, .vcpus = *domain::CpuSet::parse("0-2"), .distances = {10, 31}},
        {.memory_kib = 128 * mib, .vcpus = *domain::CpuSet::parse("3"), .node = 1, .distances = {21, 10}}};
    return definition;
}

/// One with XSM's labels and arguments for its device model.
Definition labelled_guest() {
    auto definition = hvm_guest();
    definition.emulator_args = {"-device", "x,y=z"};
    definition.label = "system_u:system_r:domU_t";
    definition.settings = {{"init_seclabel", std::string("system_u:system_r:building_t")},
                           {"device_model_args_hvm", std::vector<std::string>{"-no-hpet"}}};
    return definition;
}

Definition smallest_guest() {
    return {.name = "small", .memory_max_kib = 16 * mib, .memory_kib = 16 * mib, .boot = {.kernel = "/k"}};
}

std::string json_of(const Definition& definition) {
    DomainConfig config;
    write_config(definition, *config);
    const CString json(libxl_domain_config_to_json(nullptr, config.get()));
    return json.get();
}

/// Compares with tests/xenlight/golden/NAME.json. With VIRTLIGHT_WRITE_GOLDEN in the environment, writes it.
void expect_golden(const std::string& name, const Definition& definition) {
    const auto path = std::string(VIRTLIGHT_TESTS "/xenlight/golden/") + name + ".json";
    if (std::getenv("VIRTLIGHT_WRITE_GOLDEN")) std::ofstream(path) << json_of(definition);
    std::stringstream golden;
    golden << std::ifstream(path).rdbuf();
    EXPECT_EQ(json_of(definition), golden.str());
}

TEST(DomainConfig, OfAPvGuestIsAsBefore) {
    expect_golden("pv", pv_guest());
}
TEST(DomainConfig, OfAPvhGuestIsAsBefore) {
    expect_golden("pvh", pvh_guest());
}
TEST(DomainConfig, OfAnHvmGuestIsAsBefore) {
    expect_golden("hvm", hvm_guest());
}
TEST(DomainConfig, OfAPvGuestWithDisksAndABootloaderIsAsBefore) {
    expect_golden("pygrub", pygrub_guest());
}
TEST(DomainConfig, OfAnHvmGuestWithDisksAndFirmwareIsAsBefore) {
    expect_golden("installing", installing_guest());
}
TEST(DomainConfig, OfADesktopIsAsBefore) {
    expect_golden("desktop", desktop_guest());
}
TEST(DomainConfig, OfAPvGuestWithAScreenIsAsBefore) {
    expect_golden("shown", shown_guest());
}
TEST(DomainConfig, OfAGuestWithDevicesOfTheHostIsAsBefore) {
    expect_golden("passing", passing_guest());
}
TEST(DomainConfig, OfAGuestWithNumaCellsIsAsBefore) {
    expect_golden("numa", numa_guest());
}
TEST(DomainConfig, OfAGuestWithLabelsIsAsBefore) {
    expect_golden("labelled", labelled_guest());
}
TEST(DomainConfig, OfTheSmallestGuestIsAsBefore) {
    expect_golden("smallest", smallest_guest());
}

Definition after_a_round_trip(const Definition& definition) {
    DomainConfig config;
    write_config(definition, *config);
    return read_config(*config);
}

TEST(DomainConfig, HoldsAllThatAGuestIsMadeOf) {
    EXPECT_EQ(after_a_round_trip(pv_guest()), pv_guest());
    EXPECT_EQ(after_a_round_trip(pvh_guest()), pvh_guest());
    EXPECT_EQ(after_a_round_trip(hvm_guest()), hvm_guest());
    EXPECT_EQ(after_a_round_trip(pygrub_guest()), pygrub_guest());
    EXPECT_EQ(after_a_round_trip(installing_guest()), installing_guest());
    EXPECT_EQ(after_a_round_trip(desktop_guest()), desktop_guest());
    EXPECT_EQ(after_a_round_trip(shown_guest()), shown_guest());
    EXPECT_EQ(after_a_round_trip(passing_guest()), passing_guest());
    EXPECT_EQ(after_a_round_trip(numa_guest()), numa_guest());
    EXPECT_EQ(after_a_round_trip(labelled_guest()), labelled_guest());
    auto with_one_label = labelled_guest();
    with_one_label.settings.clear();
    EXPECT_EQ(after_a_round_trip(with_one_label), with_one_label);
}

TEST(DomainConfig, HasThePartitionFirstThatABootloaderIsToLookAt) {
    auto definition = pygrub_guest();
    definition.disks = {
        {.target = {.index = 0, .partition = 2}, .source = Disk::Source::file, .path = "/root.img"},
        {.target = {.index = 0, .partition = 1}, .source = Disk::Source::file, .path = "/swap.img"}};
    DomainConfig config;
    write_config(definition, *config);
    EXPECT_STREQ(config->disks[0].vdev, "xvda2");
    EXPECT_EQ(read_config(*config).disks, definition.disks);
}

TEST(DomainConfig, HasAQemuServeADiskThatManyGuestsWrite) {
    auto definition = pv_guest();
    definition.disks = {{.source = Disk::Source::file, .path = "/d", .shareable = true},
                        {.target = {.index = 1}, .source = Disk::Source::file, .path = "/e"}};
    DomainConfig config;
    write_config(definition, *config);
    EXPECT_EQ(config->disks[0].backend, LIBXL_DISK_BACKEND_QDISK);
    EXPECT_TRUE(config->disks[0].readwrite);
    EXPECT_EQ(config->disks[1].backend, LIBXL_DISK_BACKEND_UNKNOWN);
}

TEST(DomainConfig, GivesTheXenConsoleToAnHvmGuestWithoutSerialPorts) {
    auto definition = hvm_guest();
    definition.consoles.clear();
    const std::vector<Console> xen = {{.target = Console::Target::xen, .port = 0}};
    EXPECT_EQ(after_a_round_trip(definition).consoles, xen);
}

TEST(DomainConfig, ReadsTheSinglePortThatXlWrites) {
    DomainConfig config;
    config->c_info.type = LIBXL_DOMAIN_TYPE_HVM;
    libxl_domain_build_info_init_type(&config->b_info, LIBXL_DOMAIN_TYPE_HVM);
    config->b_info.u.hvm.serial = ::strdup("pty");
    const std::vector<Console> serial = {{.target = Console::Target::serial, .port = 0}};
    EXPECT_EQ(read_config(*config).consoles, serial);
}

TEST(DomainConfig, CountsSerialPortsAsADeviceModelDoesWithoutThoseThatAreNone) {
    DomainConfig config;
    config->c_info.type = LIBXL_DOMAIN_TYPE_HVM;
    libxl_domain_build_info_init_type(&config->b_info, LIBXL_DOMAIN_TYPE_HVM);
    config->b_info.u.hvm.serial_list = copy_list(std::vector<std::string>{"none", "pty", "none", "pty"});
    const std::vector<Console> serial = {{.target = Console::Target::serial, .port = 0},
                                         {.target = Console::Target::serial, .port = 1}};
    EXPECT_EQ(read_config(*config).consoles, serial);
}

TEST(DomainConfig, HasSerialPortsInTheWordsOfADeviceModel) {
    using enum domain::SerialSource::Kind;
    auto definition = hvm_guest();
    definition.consoles = {
        {.target = Console::Target::serial, .port = 0, .source = {.kind = file, .path = "/srv/log"}},
        {.target = Console::Target::serial, .port = 1},
        {.target = Console::Target::serial,
         .port = 2,
         .source = {.kind = tcp, .listens = true, .service = "4444"}}};
    DomainConfig config;
    write_config(definition, *config);
    const auto* const* const list = config->b_info.u.hvm.serial_list;
    EXPECT_STREQ(list[0], "file:/srv/log");
    EXPECT_STREQ(list[1], "pty");
    EXPECT_STREQ(list[2], "tcp::4444,server=on,wait=off");
    EXPECT_EQ(list[3], nullptr);
    EXPECT_EQ(after_a_round_trip(definition), definition);
}

std::string complaint(const libxl_domain_config& config) {
    const auto read = read_whole_config(config);
    return read ? "" : read.error().message;
}

using DiskChange = std::function<void(libxl_device_disk&)>;

/// As xl has a guest with this disk.
void write_guest_with_disk(const DiskChange& change, libxl_domain_config& config) {
    auto definition = pv_guest();
    definition.disks = {{.source = Disk::Source::file, .path = "/d"}};
    write_config(definition, config);
    change(config.disks[0]);
}

std::string complaint(const DiskChange& change) {
    DomainConfig config;
    write_guest_with_disk(change, *config);
    return complaint(*config);
}

TEST(DomainConfig, ThatMustBeWholeIsRefusedForSerialPortsThatADefinitionCannotHold) {
    DomainConfig config;
    auto definition = hvm_guest();
    definition.consoles.clear();
    write_config(definition, *config);
    EXPECT_EQ(complaint(*config), "");
    config->b_info.u.hvm.serial_list = copy_list(std::vector<std::string>{"braille", "pty"});
    EXPECT_THAT(complaint(*config), testing::HasSubstr("a serial port cannot be 'braille' here"));
    const auto shown = read_config(*config).consoles;
    ASSERT_EQ(shown.size(), 2u);
    EXPECT_EQ(shown[0].source.kind, domain::SerialSource::Kind::null) << "the next one keeps its number";
    EXPECT_TRUE(has_pty(shown[1]));
}

TEST(DomainConfig, ThatMustBeWholeIsRefusedForDisksThatADefinitionCannotHold) {
    EXPECT_EQ(complaint([](auto&) {}), "");
    EXPECT_EQ(complaint([](auto& disk) { disk.script = ::strdup("block-x"); }),
              "disk xvda has a block script, which is not supported");
    EXPECT_EQ(complaint([](auto& disk) { libxl_defbool_set(&disk.trusted, false); }),
              "disk xvda has a backend that is not trusted, which is not supported");
    EXPECT_EQ(complaint([](auto& disk) { disk.backend = LIBXL_DISK_BACKEND_TAP; }),
              "disk xvda has blktap, which is not supported");
    EXPECT_EQ(complaint([](auto& disk) { std::strcpy(disk.vdev, "d0p1"); }),
              "'d0p1' is no name of a disk; allowed are xvda, xvdb ..., hda to hdd and sda to sdp");
    EXPECT_EQ(complaint([](auto& disk) { disk.backend = LIBXL_DISK_BACKEND_PHY; }), "");
    EXPECT_EQ(complaint([](auto& disk) {
                  disk.backend = LIBXL_DISK_BACKEND_PHY;
                  disk.format = LIBXL_DISK_FORMAT_QCOW2;
              }),
              "disk xvda has driver phy, which serves the format raw only");
}

TEST(DomainConfig, OfAnotherToolsGuestHasItsDisksWithoutWhatADefinitionCannotHold) {
    const auto seen = [](const DiskChange& change) {
        DomainConfig config;
        write_guest_with_disk(change, *config);
        return read_config(*config).disks;
    };
    const std::vector<Disk> disks = {{.source = Disk::Source::file, .path = "/d"}};
    EXPECT_EQ(seen([](auto&) {}), disks);
    EXPECT_EQ(seen([](auto& disk) { libxl_defbool_set(&disk.trusted, false); }), disks)
        << "its file is in use";
    EXPECT_EQ(seen([](auto& disk) { disk.backend_domname = ::strdup("0"); }), disks);
    EXPECT_TRUE(seen([](auto& disk) { disk.script = ::strdup("block-x"); }).empty())
        << "its path is the script's";
}

TEST(DomainConfig, ThatMustBeWholeIsRefusedForOtherDevices) {
    const std::pair<int libxl_domain_config::*, std::string> devices[] = {
        {&libxl_domain_config::num_rdms, "reserved memory regions"},
        {&libxl_domain_config::num_dtdevs, "device tree nodes"},
        {&libxl_domain_config::num_vsnds, "virtual sound cards"},
    };
    for (const auto& [count, what] : devices) {
        DomainConfig config;
        write_config(pv_guest(), *config);
        (*config).*count = 1;
        EXPECT_EQ(complaint(*config), "it has " + what + ", which are not served yet");
        (*config).*count = 0;
    }
}

/// Of a guest of xl's that has been changed so.
std::string complaint_of_changed(const std::function<void(libxl_domain_config&)>& change) {
    DomainConfig config;
    write_config(passing_guest(), *config);
    change(*config);
    return complaint(*config);
}

TEST(DomainConfig, ThatMustBeWholeIsRefusedForDevicesOfTheHostThatADefinitionCannotHold) {
    using testing::HasSubstr;
    EXPECT_EQ(complaint_of_changed([](auto&) {}), "");
    EXPECT_THAT(complaint_of_changed([](auto& config) { config.pcidevs[0].msitranslate = true; }),
                HasSubstr("its PCI devices differ in msitranslate or power_mgmt"));
    EXPECT_THAT(complaint_of_changed([](auto& config) { config.pcidevs[0].vfunc_mask = LIBXL_PCI_FUNC_ALL; }),
                HasSubstr("more than one function"));
    EXPECT_THAT(complaint_of_changed([](auto& config) { config.usbctrls[1].type = LIBXL_USBCTRL_TYPE_PV; }),
                HasSubstr("USB controller 2 is served by a kernel"));
    EXPECT_THAT(complaint_of_changed([](auto& config) { config.usbdevs[0].port = 4; }),
                HasSubstr("ports 1 to 3, not 4"));
    EXPECT_THAT(complaint_of_changed([](auto& config) { config.channels[0].backend_domid = 3; }),
                HasSubstr("channel 'org.example.agent.0' is served by another domain"));
    EXPECT_THAT(complaint_of_changed([](auto& config) { std::strcpy(config.p9s[0].security_model, "odd"); }),
                HasSubstr("shared folder 'home' has the unknown security model 'odd'"));
}

TEST(DomainConfig, TellsEachPciDeviceHowItsGuestKeepsReservedRegionsFree) {
    auto definition = passing_guest();
    const auto policy_of_devices = [&](const char* said) {
        definition.settings = {{"rdm", std::string(said)}};
        DomainConfig config;
        write_config(definition, *config);
        EXPECT_EQ(complaint(*config), "");
        EXPECT_EQ(read_config(*config), definition);
        EXPECT_EQ(config->pcidevs[0].rdm_policy, config->pcidevs[1].rdm_policy);
        return config->pcidevs[0].rdm_policy;
    };
    EXPECT_EQ(policy_of_devices("strategy=host,policy=relaxed"), LIBXL_RDM_RESERVE_POLICY_RELAXED);
    EXPECT_EQ(policy_of_devices("strategy=host,policy=strict"), LIBXL_RDM_RESERVE_POLICY_STRICT);
    EXPECT_EQ(policy_of_devices("strategy=host"), LIBXL_RDM_RESERVE_POLICY_INVALID);
    EXPECT_THAT(complaint_of_changed(
                    [](auto& config) { config.pcidevs[1].rdm_policy = LIBXL_RDM_RESERVE_POLICY_RELAXED; }),
                testing::HasSubstr("PCI device 0000:08:00.0 alone has rdm_policy=relaxed"));
}

TEST(DomainConfig, NumbersUsbAsLibxlDoesWhatXlHasLeftToIt) {
    DomainConfig config;
    auto given = hvm_guest();
    given.usb = {.controllers = {{}, {.index = 1}}, .devices = {{1, 4, 0, 1}}};
    write_config(given, *config);
    for (auto* const controller : {&config->usbctrls[0], &config->usbctrls[1]}) {
        controller->devid = -1;
        controller->type = LIBXL_USBCTRL_TYPE_AUTO;
        controller->version = 0;
        controller->ports = 0;
    }
    config->usbdevs[0].ctrl = -1;
    config->usbdevs[0].port = 0;
    using Model = domain::UsbController::Model;
    given.usb.controllers = {{0, Model::ehci, 6}, {1, Model::ehci, 6}};
    EXPECT_EQ(read_config(*config).usb, given.usb);
}

TEST(DomainConfig, ThatMustBeWholeIsRefusedForNicsAndScreensThatADefinitionCannotHold) {
    DomainConfig config;
    write_config(shown_guest(), *config);
    EXPECT_EQ(complaint(*config), "");
    libxl_defbool_set(&config->nics[0].trusted, false);
    EXPECT_THAT(complaint(*config), testing::HasSubstr("not trusted"));
    libxl_defbool_set(&config->nics[0].trusted, true);
    config->nics[0].mac[0] = 1;
    EXPECT_THAT(complaint(*config), testing::HasSubstr("multicast"));
    config->nics[0].mac[0] = 0;
}

RC_GTEST_PROP(DomainConfig, KeepsEveryNumberOfVcpus, ()) {
    auto definition = pv_guest();
    definition.vcpus_max = *rc::gen::inRange(1U, 513U);
    definition.vcpus = *rc::gen::inRange(1U, definition.vcpus_max + 1);
    RC_ASSERT(after_a_round_trip(definition) == definition);
}

TEST(GuestTypeOf, KnowsXensWordsOnly) {
    EXPECT_EQ(guest_type_of("pv"), GuestType::pv);
    EXPECT_EQ(guest_type_of("pvh"), GuestType::pvh);
    EXPECT_EQ(guest_type_of("hvm"), GuestType::hvm);
    EXPECT_EQ(guest_type_of("PV"), std::nullopt);
    EXPECT_EQ(guest_type_of(""), std::nullopt);
}

}  // namespace
}  // namespace virtlight::xenlight
