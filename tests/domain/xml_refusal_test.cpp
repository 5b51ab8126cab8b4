// SPDX-License-Identifier: LGPL-2.1-or-later
// What domain XML is refused for, in the words that a user sees.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "domain/sample.hpp"

namespace virtlight::domain::xml_refusal_test {
namespace {

std::string os(std::string_view inside) {
    return "<os>" + std::string(inside) + "</os>";
}

const std::string kernel = "<kernel>/k</kernel>";

TEST(DomainXmlRefusal, OfTheRootElement) {
    EXPECT_EQ(verdict("<guest/>"),
              "invalid XML: line 1: unexpected root element <guest>, expecting <domain>");
    EXPECT_EQ(verdict("<domain xmlns='urn:x' type='xen'/>"),
              "invalid XML: line 1: unexpected root element <domain>, expecting <domain>");
    EXPECT_EQ(verdict("<domain/>"),
              "invalid XML: line 1: element <domain> has no attribute 'type'; allowed here: xen");
    EXPECT_EQ(
        verdict("<domain type='kvm'/>"),
        "unsupported configuration: line 1: Invalid value for attribute 'type' in element 'domain': 'kvm'; "
        "allowed here: xen");
    EXPECT_EQ(verdict("<domain type='xen'>"),
              "invalid XML: line 1: Premature end of data in tag domain line 1");
}

TEST(DomainXmlRefusal, OfNames) {
    const auto named = [](std::string_view name) { return verdict(Sample{.name = std::string(name)}.xml()); };
    EXPECT_EQ(named(""), "invalid XML: line 1: missing name information: <domain> has no <name>");
    EXPECT_EQ(named("<name/>"), "invalid XML: line 2: <name>: name cannot be empty");
    EXPECT_EQ(named("<name>a/b</name>"), "invalid XML: line 2: <name>: name 'a/b' cannot contain '/'");
    EXPECT_EQ(named("<name>a\nb</name>"),
              "invalid XML: line 2: <name>: name 'a\\x0ab' cannot contain control characters");
    EXPECT_EQ(named("<name>" + std::string(241, 'x') + "</name>"),
              "invalid XML: line 2: <name>: name '" + std::string(80, 'x') +
                  "...' is 241 bytes long; the limit is 240");
    EXPECT_EQ(
        named("<name>a</name>\n<name>b</name>"),
        "invalid XML: line 3: element <name> may appear only once in <domain>; it is in line 2 already");
    EXPECT_EQ(
        named("<name>a<b/></name>"),
        "unsupported configuration: line 2: element <b> is not supported in <name>; allowed here: nothing");
}

TEST(DomainXmlRefusal, OfUuidTitleAndMetadata) {
    const auto with = [](std::string_view more) { return verdict(Sample{.more = std::string(more)}.xml()); };
    EXPECT_EQ(with("<uuid/>"),
              "invalid XML: line 5: malformed uuid element '': <uuid> must be 32 hexadecimal digits, as in "
              "7ce92f0b-4a5b-4c8e-9d55-0f2b6a1c3d4e");
    EXPECT_EQ(with("<uuid>7ce9</uuid>"),
              "invalid XML: line 5: malformed uuid element '7ce9': <uuid> must be 32 hexadecimal digits, as "
              "in 7ce92f0b-4a5b-4c8e-9d55-0f2b6a1c3d4e");
    EXPECT_EQ(with("<uuid>00000000-0000-0000-0000-000000000000</uuid>"),
              "invalid XML: line 5: <uuid>: uuid element cannot be all zeros: that is Domain-0's");
    EXPECT_EQ(with("<title>a\nb</title>"),
              "invalid XML: line 5: <title>: Domain title can't contain newlines");
    EXPECT_EQ(
        with("<metadata>\n<a/></metadata>"),
        "invalid XML: line 6: element <a> in <metadata> has no namespace; each one there needs its own");
    EXPECT_EQ(with("<metadata><a xmlns='urn:a'/>\n<b xmlns='urn:a'/></metadata>"),
              "invalid XML: line 6: <b>: <metadata> has a second element of namespace 'urn:a'; each one "
              "needs its own");
    EXPECT_EQ(with("<metadata>stray</metadata>"),
              "invalid XML: line 5: element <metadata> cannot hold the text 'stray'");
}

TEST(DomainXmlRefusal, OfMemory) {
    const auto with = [](std::string_view memory) {
        return verdict(Sample{.memory = std::string(memory)}.xml());
    };
    EXPECT_EQ(with(""), "invalid XML: line 1: <domain>: Memory size must be specified via <memory>");
    EXPECT_EQ(with("<memory>0</memory>"), "invalid XML: line 3: Memory size in <memory> must be more than 0");
    for (const std::string number : {"", "-1", "+1", "1.5", "0x10", "1 2", "18446744073709551616"}) {
        EXPECT_EQ(with("<memory>" + number + "</memory>"),
                  "invalid XML: line 3: Invalid value '" + number +
                      "' for element or attribute 'memory': it must be a whole number");
    }
    EXPECT_EQ(with("<memory unit='EiB'>16</memory>"),
              "invalid XML: line 3: value too large: <memory> is 16EiB");
    EXPECT_EQ(with("<memory>18014398509481984</memory>"),
              "invalid XML: line 3: value too large: <memory> is 18014398509481984KiB");
    EXPECT_EQ(with("<memory unit='b'>18446744073708503041</memory>"),
              "invalid XML: line 3: value too large: <memory> is 18446744073708503041b");
    for (const std::string unit : {"pages", "KKiB", "MiBs", "i", "Mi"}) {
        EXPECT_EQ(with("<memory unit='" + unit + "'>1</memory>"),
                  "invalid XML: line 3: unknown suffix '" + unit +
                      "' as unit of <memory>; allowed are b, KiB, MiB, GiB, TiB, PiB, EiB and "
                      "KB, MB, GB, TB, PB, EB");
    }
    EXPECT_EQ(
        with("<memory>1024</memory><currentMemory>x</currentMemory>"),
        "invalid XML: line 3: Invalid value 'x' for element or attribute 'currentMemory': it must be a whole "
        "number");
    EXPECT_EQ(with("<memory dumpCore='on'>1024</memory>"),
              "unsupported configuration: line 3: attribute 'dumpCore' of element <memory> is not supported; "
              "allowed here: unit");
}

TEST(DomainXmlRefusal, OfVcpus) {
    const auto with = [](std::string_view vcpu) { return verdict(Sample{.more = std::string(vcpu)}.xml()); };
    for (const std::string count : {"", "0", "513", "-1", "two", "4294967297"}) {
        EXPECT_EQ(with("<vcpu>" + count + "</vcpu>"),
                  "invalid XML: line 5: <vcpu>: maximum vcpus count must be an integer from 1 to 512, not '" +
                      count + "'");
    }
    EXPECT_EQ(with("<vcpu current='0'>2</vcpu>"),
              "invalid XML: line 5: <vcpu>: current vcpus count must be an integer from 1 to 512, not '0'");
    EXPECT_EQ(with("<vcpu current='3'>2</vcpu>"),
              "invalid XML: line 5: <vcpu>: maxvcpus must not be less than current vcpus (2 < 3)");
    EXPECT_EQ(with("<vcpu placement='auto'>2</vcpu>"),
              "unsupported configuration: line 5: Invalid value for attribute 'placement' in element 'vcpu': "
              "'auto'; allowed here: static");
    EXPECT_THAT(
        with("<vcpu hotplug='yes'>2</vcpu>"),
        testing::StartsWith("unsupported configuration: line 5: attribute 'hotplug' of element <vcpu> is "
                            "not supported; allowed here: placement"));
}

TEST(DomainXmlRefusal, OfTheGuestsType) {
    const auto with = [](std::string_view inside) { return verdict(Sample{.os = os(inside)}.xml()); };
    EXPECT_EQ(verdict(Sample{.os = ""}.xml()),
              "invalid XML: line 1: an os <type> must be specified: <domain> has no <os>");
    EXPECT_EQ(
        with(kernel),
        "invalid XML: line 4: <os>: an os <type> must be specified; allowed here: linux, xen, xenpvh, hvm");
    EXPECT_EQ(with("<type>exe</type>" + kernel),
              "unsupported configuration: line 4: <type>: unknown OS type 'exe'; allowed here: linux, xen, "
              "xenpvh, hvm");
    EXPECT_EQ(with("<type machine='pc'>hvm</type>" + kernel),
              "unsupported configuration: line 4: Invalid value for attribute 'machine' in element 'type': "
              "'pc'; allowed here: xenpv, xenpvh, xenfv");
    EXPECT_EQ(with("<type machine='xenpv'>hvm</type>" + kernel),
              "unsupported configuration: line 4: <type>: could not find capabilities for os type 'hvm' with "
              "machine 'xenpv'; its machine is xenfv");
    EXPECT_EQ(
        with("<type arch='aarch64'>linux</type>" + kernel),
        "unsupported configuration: line 4: Invalid value for attribute 'arch' in element 'type': 'aarch64'; "
        "allowed here: x86_64");
}

TEST(DomainXmlRefusal, OfWhatToBoot) {
    const auto with = [](std::string_view inside) { return verdict(Sample{.os = os(inside)}.xml()); };
    for (const std::string none : {"", "<kernel/>"}) {
        EXPECT_EQ(
            with("<type>xenpvh</type>" + none),
            "unsupported configuration: line 4: <os> has no <kernel>, and <domain> no <bootloader>: a PVH "
            "guest boots from one of them");
    }
    EXPECT_EQ(with("<type>linux</type><kernel>boot/k</kernel>"),
              "invalid XML: line 4: <kernel> must be the absolute path of a file, not 'boot/k'");
    EXPECT_EQ(with("<type>linux</type><kernel>/</kernel>"),
              "invalid XML: line 4: <kernel> must be the absolute path of a file, not '/'");
    EXPECT_EQ(with("<type>linux</type><kernel>\n/k\n</kernel>"),
              "invalid XML: line 4: <kernel> must be the absolute path of a file, not '\\x0a/k\\x0a'");
    EXPECT_EQ(with("<type>linux</type>" + kernel + "<initrd>/a\nb</initrd>"),
              "invalid XML: line 4: <initrd> must be a path in one line, not '/a\\x0ab'");
    const auto longest = "/" + std::string(limits::path_bytes - 1, 'k');
    EXPECT_EQ(with("<type>linux</type><kernel>" + longest + "</kernel>"), "ok");
    EXPECT_EQ(with("<type>linux</type><kernel>" + longest + "k</kernel>"),
              "invalid XML: line 4: <kernel>: path '/" + std::string(79, 'k') +
                  "...' is 4096 bytes long; the limit is 4095");
    EXPECT_EQ(
        with("<type>hvm</type><cmdline>quiet</cmdline>"),
        "unsupported configuration: line 4: <os>: <initrd> and <cmdline> of an HVM guest need a <kernel>");
}

TEST(DomainXmlRefusal, OfBootDevicesAndFirmware) {
    const auto with = [](std::string_view inside, std::string_view attributes = "") {
        return verdict(Sample{.os = "<os" + std::string(attributes) + "><type>hvm</type>" +
                                    std::string(inside) + "</os>"}
                           .xml());
    };
    EXPECT_EQ(with("<boot/>"), "invalid XML: line 4: <boot> has no attribute 'dev'");
    EXPECT_EQ(
        with("<boot dev='usb'/>"),
        "unsupported configuration: line 4: Invalid value for attribute 'dev' in element 'boot': 'usb'; "
        "allowed here: hd, cdrom, network, fd");
    EXPECT_EQ(with("<boot dev='hd'/><boot dev='hd'/>"),
              "invalid XML: line 4: <boot> device 'hd' may appear only once");
    EXPECT_EQ(
        with("<bootmenu enable='yes'/>"),
        "unsupported configuration: line 4: Invalid value for attribute 'enable' in element 'bootmenu': "
        "'yes'; allowed here: no");
    EXPECT_EQ(with("<loader/>"), "invalid XML: line 4: <loader> must be the path of the guest's firmware");
    EXPECT_EQ(
        with("<loader secure='yes'>/x</loader>"),
        "unsupported configuration: line 4: Invalid value for attribute 'secure' in element 'loader': 'yes'; "
        "allowed here: no");
    EXPECT_EQ(with("<loader type='rom' format='raw'>/x</loader>"), "ok");
    EXPECT_EQ(with("<loader type='pflash' format='qcow2'>/x</loader>"),
              "unsupported configuration: line 4: Invalid value for attribute 'format' in element 'loader': "
              "'qcow2'; allowed here: raw");
    EXPECT_EQ(with("<loader type='rom'>/x</loader>", " firmware='efi'"),
              "unsupported configuration: line 4: <loader> of type 'rom' contradicts firmware 'efi'");
    for (const std::string type : {"linux", "xenpvh"})
        EXPECT_EQ(
            verdict(Sample{.os = os("<type>" + type + "</type>" + kernel + "<boot dev='network'/>")}.xml()),
            "unsupported configuration: line 4: Invalid value for attribute 'dev' in element 'boot': "
            "'network'; allowed here: hd");
}

TEST(DomainXmlRefusal, OfBootloaders) {
    const auto with = [](std::string_view type, std::string_view more) {
        return verdict(
            Sample{.os = os("<type>" + std::string(type) + "</type>" + kernel), .more = std::string(more)}
                .xml());
    };
    EXPECT_EQ(
        with("linux", "<bootloader>bin/pygrub</bootloader>"),
        "invalid XML: line 5: <bootloader> must be an absolute path or a name like pygrub, not 'bin/pygrub'");
    EXPECT_EQ(with("xenpvh", "<bootloader_args>-q</bootloader_args>"),
              "unsupported configuration: line 5: <bootloader_args> need a <bootloader>");
    EXPECT_TRUE(
        with("hvm", "<bootloader>pygrub</bootloader>")
            .starts_with("unsupported configuration: line 5: element <bootloader> is not supported in "
                         "<domain>"));
}

TEST(DomainXmlRefusal, OfFeaturesAndClock) {
    const auto with = [](std::string_view more) { return verdict(Sample{.more = std::string(more)}.xml()); };
    EXPECT_EQ(with("<features>\n<viridian/></features>"),
              "unsupported configuration: line 6: element <viridian> is not supported in <features>; allowed "
              "here: acpi, apic, pae, hap, xen");
    EXPECT_EQ(with("<features><apic eoi='on'/></features>"),
              "unsupported configuration: line 5: attribute 'eoi' of element <apic> is not supported; "
              "allowed here: nothing");
    EXPECT_EQ(with("<features><hap state='maybe'/></features>"),
              "unsupported configuration: line 5: Invalid value for attribute 'state' in element 'hap': "
              "'maybe'; allowed here: on, off");
    EXPECT_EQ(with("<clock offset='timezone'/>"),
              "unsupported configuration: line 5: Invalid value for attribute 'offset' in element 'clock': "
              "'timezone'; allowed here: utc, localtime, variable");
    EXPECT_EQ(with("<clock offset='utc' adjustment='3600'/>"),
              "unsupported configuration: line 5: Invalid value for attribute 'adjustment' in element "
              "'clock': '3600'; allowed here: reset");
    EXPECT_EQ(with("<clock offset='utc'><timer name='pit'/></clock>"),
              "unsupported configuration: line 5: Invalid value for attribute 'name' in element 'timer': "
              "'pit'; allowed here: tsc, hpet");
}

TEST(DomainXmlRefusal, OfLifecycleActions) {
    const auto with = [](std::string_view more) { return verdict(Sample{.more = std::string(more)}.xml()); };
    EXPECT_EQ(with("<on_poweroff>explode</on_poweroff>"),
              "invalid XML: line 5: <on_poweroff>: unknown on_poweroff action: explode; allowed are destroy, "
              "restart, rename-restart, preserve");
    EXPECT_EQ(with("<on_reboot>coredump-destroy</on_reboot>"),
              "invalid XML: line 5: <on_reboot>: unknown on_reboot action: coredump-destroy; allowed are "
              "destroy, restart, rename-restart, preserve");
    EXPECT_EQ(with("<on_crash/>"),
              "invalid XML: line 5: <on_crash>: unknown on_crash action: ; allowed are destroy, restart, "
              "rename-restart, preserve, coredump-destroy, coredump-restart");
    EXPECT_TRUE(
        with("<on_lockfailure>ignore</on_lockfailure>")
            .starts_with("unsupported configuration: line 5: element <on_lockfailure> is not supported"));
}

TEST(DomainXmlRefusal, OfConsoles) {
    const auto pv = [](std::string_view devices) {
        return verdict(Sample{.devices = std::string(devices)}.xml());
    };
    const auto hvm = [](std::string_view devices) {
        return verdict(Sample{.os = hvm_os, .devices = std::string(devices)}.xml());
    };
    EXPECT_EQ(
        pv("<console type='file'/>"),
        "unsupported configuration: line 6: Invalid value for attribute 'type' in element 'console': 'file'; "
        "allowed here: pty");
    EXPECT_EQ(pv("<console><target type='serial'/></console>"),
              "unsupported configuration: line 6: Invalid value for attribute 'type' in element 'target': "
              "'serial'; allowed here: xen");
    EXPECT_EQ(hvm("<console><target type='virtio'/></console>"),
              "unsupported configuration: line 6: Invalid value for attribute 'type' in element 'target': "
              "'virtio'; allowed here: xen, serial");
    EXPECT_EQ(pv("<console><target type='xen' port='1'/></console>"),
              "unsupported configuration: line 6: Invalid value for attribute 'port' in element 'target': "
              "'1'; allowed here: 0");
    EXPECT_EQ(pv("<console/>\n<console/>"),
              "unsupported configuration: line 7: a guest has one <console> of type 'xen'");
    EXPECT_EQ(hvm("<console/>\n<console/>"),
              "unsupported configuration: line 7: a guest has one <console> of type 'serial'");
    EXPECT_EQ(pv("<console><log file='/tmp/x'/></console>"),
              "unsupported configuration: line 6: element <log> is not supported in <console>; allowed here: "
              "target, source, alias");
    EXPECT_EQ(pv("<serial/>"),
              "unsupported configuration: line 6: only HVM guests have a <serial> port; use <console>");
    EXPECT_EQ(hvm("<serial/><serial><target port='2'/></serial>"),
              "unsupported configuration: line 6: Invalid value for attribute 'port' in element 'target': "
              "'2'; allowed here: 1");
    EXPECT_EQ(hvm("<serial/><serial/><serial/><serial/>\n<serial/>"),
              "unsupported configuration: line 7: a guest can have 4 <serial> ports");
    EXPECT_EQ(hvm("<serial><target type='pci-serial'/></serial>"),
              "unsupported configuration: line 6: Invalid value for attribute 'type' in element 'target': "
              "'pci-serial'; allowed here: isa-serial");
}

TEST(DomainXmlRefusal, OfOtherDevices) {
    const auto with = [](std::string_view devices) {
        return verdict(Sample{.devices = std::string(devices)}.xml());
    };
    for (const std::string device : {"tpm", "redirdev"}) {
        EXPECT_THAT(with("<console/>\n<" + device + " type='file'><source/></" + device + ">"),
                    testing::StartsWith("unsupported configuration: line 7: element <" + device +
                                        "> is not supported in <devices>; allowed here: emulator, "));
    }
    EXPECT_EQ(with("<emulator>qemu</emulator>"),
              "invalid XML: line 6: <emulator> must be the absolute path of a file, not 'qemu'");
    EXPECT_EQ(with("<controller type='pci' index='0'/>"),
              "unsupported configuration: line 6: Invalid value for attribute 'type' in element "
              "'controller': 'pci'; allowed here: xenbus, usb, ide, scsi");
    EXPECT_EQ(with("<controller type='scsi' index='3'/>"),
              "unsupported configuration: line 6: a guest has 3 <controller> of type 'scsi', with indexes "
              "from 0 on, not '3'");
    EXPECT_EQ(with("<controller type='scsi' index='1'/>\n<controller type='scsi' index='1'/>"),
              "invalid XML: line 7: a guest has one <controller> of type 'scsi' and index 1");
    EXPECT_EQ(with("<controller type='xenbus' index='0' ports='64'/>"),
              "unsupported configuration: line 6: attribute 'ports' of element <controller> is not "
              "supported; allowed here: type, index, maxGrantFrames, maxEventChannels");
    EXPECT_EQ(with("<controller type='xenbus'/>\n<controller type='xenbus'/>"),
              "invalid XML: line 7: a guest has one <controller> of type 'xenbus' and index 0");
    EXPECT_EQ(with("<memballoon model='none'/>"),
              "unsupported configuration: line 6: Invalid value for attribute 'model' in element "
              "'memballoon': 'none'; allowed here: xen");
}

TEST(DomainXmlRefusal, OfNamespacesOfOtherTools) {
    EXPECT_EQ(
        verdict(Sample{.more = "<qemu:commandline xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'/>"}
                    .xml())
            .substr(0, 88),
        "unsupported configuration: line 5: element <qemu:commandline> is not supported in <domai");
}

}  // namespace
}  // namespace virtlight::domain::xml_refusal_test
