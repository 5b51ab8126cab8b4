// SPDX-License-Identifier: LGPL-2.1-or-later
// Whatever is wrong with a definition, its refusal says in which line, at which element, and what is allowed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "domain/device.hpp"
#include "domain/sample.hpp"
#include "domain/xl_cfg_sample.hpp"

namespace virtlight::domain::bad_input_test {
namespace {

using testing::AllOf;
using testing::AnyOf;
using testing::HasSubstr;

struct Bad {
    std::string_view what;     ///< is wrong with it
    std::string_view xml;      ///< begins in line 7
    std::string_view element;  ///< that the refusal names
    std::string_view says{};   ///< what is allowed, or what it was
};

testing::Matcher<std::string> names(const Bad& bad, unsigned line) {
    const std::string element(bad.element);
    return AllOf(
        HasSubstr("line " + std::to_string(line) + ": "),
        AnyOf(HasSubstr("<" + element + ">"), HasSubstr("'" + element + "'"), HasSubstr("<" + element + " ")),
        HasSubstr(std::string(bad.says)));
}

constexpr Bad devices[] = {
    {"missing", "<disk><source file='/a'/></disk>", "disk", "<target dev='xvda'/>"},
    {"missing", "<disk><target dev='xvda'/></disk>", "disk", "only a CD drive can be empty"},
    {"missing", "<interface/>", "interface", "allowed here: bridge, ethernet"},
    {"missing", "<interface type='bridge'/>", "interface", "No <source> 'bridge' attribute"},
    {"missing", "<hostdev/>", "hostdev", "allowed here: pci, usb"},
    {"twice", "<disk><source file='/a'/><target dev='xvda'/><target dev='xvdb'/></disk>", "target",
     "in line 7 already"},
    {"twice",
     "<disk><source file='/a'/><target dev='xvda'/></disk><disk><source file='/b'/>"
     "<target dev='xvda'/></disk>",
     "disk", "target 'xvda' duplicated"},
    {"twice",
     "<disk><source file='/a'/><target dev='xvda'/></disk><disk><source file='/x/../a'/>"
     "<target dev='xvdb'/></disk>",
     "disk", "disk xvdb has the source /x/../a, as disk xvda has"},
    {"wrong type", "<disk><source file='a.img'/><target dev='xvda'/></disk>", "source", "the absolute path"},
    {"wrong type", "<disk type='block'><source file='/a'/><target dev='xvda'/></disk>", "source",
     "'dev', not 'file'"},
    {"wrong type", "<disk><source dev='/dev/a'/><target dev='xvda'/></disk>", "source", "'file', not 'dev'"},
    {"wrong type", "<interface type='bridge'><mac address='zz'/><source bridge='br0'/></interface>", "mac",
     "six hexadecimal numbers, as in 00:16:3e:01:02:03"},
    {"wrong type", "<interface type='bridge'><source bridge='br0'/><ip address='10.0.0'/></interface>", "ip",
     "must be an IP address, not '10.0.0'"},
    {"wrong type", "<interface type='bridge'><source bridge='br0'/><backenddomain name='a/b'/></interface>",
     "backenddomain", "cannot contain '/'"},
    {"out of range",
     "<interface type='bridge'><source bridge='br0'/><virtualport type='openvswitch'/>"
     "<vlan><tag id='4095'/></vlan></interface>",
     "tag", "from 1 to 4094, not '4095'"},
    {"out of range", "<interface type='bridge'><source bridge='br0'/><mtu size='70000'/></interface>", "mtu",
     "from 1 to 65535, not '70000'"},
    {"out of range",
     "<interface type='bridge'><mac address='ff:ff:ff:ff:ff:ff'/><source bridge='br0'/></interface>",
     "interface", "expected unicast mac address"},
    {"other hypervisor",
     "<disk type='network'><source protocol='rbd' name='pool/image'/><target dev='xvda'/></disk>", "disk",
     "map the source there first"},
    {"other hypervisor", "<disk><source file='/a'/><target dev='vda' bus='virtio'/></disk>", "target"},
    {"other hypervisor", "<interface type='network'><source network='default' portgroup='web'/></interface>",
     "source", "attribute 'portgroup'"},
    {"other hypervisor", "<tpm model='tpm-crb'/>", "tpm", "allowed here: "},
    {"contradicting", "<disk><source file='/a'/><target dev='xvda' bus='ide'/></disk>", "target",
     "is on bus 'xen', not 'ide'"},
    {"contradicting", "<disk><driver name='phy' type='qcow2'/><source file='/a'/><target dev='xvda'/></disk>",
     "disk", "the format raw only"},
};

TEST(BadInput, OfDevicesIsNamedWithItsElementAndLine) {
    for (const auto& bad : devices)
        EXPECT_THAT(verdict(Sample{.devices = "\n" + std::string(bad.xml)}.xml()), names(bad, 7))
            << bad.what << ": " << bad.xml;
}

TEST(BadInput, OfDevicesThatComeAloneIsNamedToo) {
    for (const auto& bad : devices) {
        if (bad.says.contains("duplicated") || bad.says.contains("as disk")) continue;
        const auto device = parse_device(bad.xml);
        if (device) continue;  // what a guest of some type can have
        EXPECT_THAT(device.error().message, HasSubstr("<" + std::string(bad.element))) << bad.xml;
    }
}

constexpr Bad others[] = {
    {"wrong type", "<uuid>7ce9</uuid>", "uuid", "32 hexadecimal digits"},
    {"wrong type", "<vcpu>two</vcpu>", "vcpu", "an integer from 1 to 512, not 'two'"},
    {"wrong type", "<vcpu cpuset='a'>1</vcpu>", "vcpu"},
    {"out of range", "<vcpu>513</vcpu>", "vcpu", "from 1 to 512"},
    {"out of range", "<on_crash>explode</on_crash>", "on_crash", "allowed are destroy"},
    {"twice", "<vcpu>1</vcpu><vcpu>1</vcpu>", "vcpu", "in line 6 already"},
    {"other hypervisor", "<iothreads>2</iothreads>", "iothreads", "allowed here: "},
    {"other hypervisor", "<cpu mode='host-passthrough'><feature name='aess'/></cpu>", "feature",
     "did you mean 'aes'?"},
    {"other hypervisor", "<cpu mode='host-passthrough'><feature name='quantum_foam_unit'/></cpu>", "feature",
     "Xen knows no feature 'quantum_foam_unit'"},
    {"unknown",
     "<metadata><v:settings xmlns:v='urn:virtlight:settings:1'><setting name='vkbb' value='x'/></v:settings>"
     "</metadata>",
     "setting", "did you mean 'vkb'?"},
    {"unknown",
     "<metadata><v:settings xmlns:v='urn:virtlight:settings:1'><setting name='wobblywobble' value='x'/>"
     "</v:settings></metadata>",
     "setting", "there are: pool, cpus_soft, "},
};

TEST(BadInput, OfADomainIsNamedWithItsElementAndLine) {
    for (const auto& bad : others)
        EXPECT_THAT(verdict(Sample{.more = "\n" + std::string(bad.xml)}.xml()), names(bad, 6))
            << bad.what << ": " << bad.xml;
}

TEST(BadInput, OfTooManyVcpusGoesByTheTypeOfTheGuest) {
    const std::string most = "<vcpu>128</vcpu>";
    const std::string more = "<vcpu>129</vcpu>";
    EXPECT_EQ(verdict(Sample{.more = more}.xml()), "ok") << "of a PV guest";
    for (const auto& os : {hvm_os, std::string("<os><type>xenpvh</type><kernel>/k</kernel></os>")}) {
        EXPECT_EQ(verdict(Sample{.os = os, .more = most}.xml()), "ok");
        EXPECT_EQ(verdict(Sample{.os = os, .more = more}.xml()),
                  "unsupported configuration: line 5: <vcpu>: maximum vcpus count of a guest of this type is "
                  "128, not 129");
    }
}

struct BadOption {
    std::string_view text;  ///< in line 4
    std::string_view says;
};

constexpr BadOption options[] = {
    {"memory = 256", "line 4: 'memory' is given again; line 2 has it already"},
    {"memry = 256", "line 4: there is no option 'memry'; did you mean 'memory'?"},
    {"builder = 'generic'", "line 4: 'builder' is 'generic', and 'type' is 'hvm'"},
    {"vcpus = 129", "line 4: 'vcpus' must be a number from 0 to 128"},
    {"uuid = 'x'", "line 4: 'uuid': malformed uuid 'x'"},
    {"disk = ['/a,raw']", "line 4: 'disk': disk '/a,raw' has no vdev"},
    {"disk = ['/a,raw,xvda,w', '/b,raw,xvda,w']", "line 4: 'disk': target 'xvda' duplicated"},
    {"disk = ['/a,raw,xvda,w,1']", "line 4: 'disk': disk '/a,raw,xvda,w,1' has too many parameters"},
    {"disk = ['vdev=xvda,vdev=xvdb,target=/a']", "has 'vdev' twice"},
    {"disk = ['vdev=xvda,access=maybe,target=/a']",
     "line 4: 'disk': access 'maybe' of a disk is not supported; allowed are ro, r, rw, w"},
    {"disk = ['vdev=xvda,backendtype=qdisk,target=rbd:pool/img:id=admin']",
     "line 4: 'disk': a disk of protocol 'rbd' is not supported: who serves disks"},
    {"disk = ['nbd:10.0.0.1:10809,raw,xvda,w']", "'nbd:' before a disk stands for 'script=block-nbd'"},
    {"disk = ['vdev=xvda,script=block-iscsi,target=iqn=x']",
     "'script=block-iscsi' of a disk is not supported"},
    {"vif = ['mac=zz']", "line 4: 'vif': 'zz' is no MAC address"},
    {"usbctrl = ['ports=2,ports=3']", "line 4: 'usbctrl': 'ports' is said twice"},
    {"cpuid = 'host,aess=0'", "did you mean 'aes'?"},
};

TEST(BadInput, OfXlIsNamedWithItsOptionAndLine) {
    for (const auto& [text, says] : options)
        EXPECT_THAT(xl::refusal(xl::hvm + std::string(text)), HasSubstr(std::string(says))) << text;
}

TEST(GoodInput, OfXlMayShareADiskThatIsWritten) {
    for (const std::string access : {"w!", "!"}) {
        const auto disks = xl::read(xl::pv + "disk = ['/a,raw,xvda," + access + "']").disks;
        ASSERT_EQ(disks.size(), 1u);
        EXPECT_TRUE(disks[0].shareable);
        EXPECT_FALSE(disks[0].readonly);
    }
}

TEST(GoodInput, OfXlMayNameTheGuestsTypeInBothWays) {
    EXPECT_EQ(xl::read(xl::hvm + "builder='hvm'").type, GuestType::hvm);
    EXPECT_EQ(xl::read(xl::pv + "type='pvh'\nbuilder='generic'").type, GuestType::pvh);
}

TEST(GoodInput, KeepsWhetherAUsbDeviceIsManaged) {
    for (const std::string managed : {"yes", "no"}) {
        const auto device = parse_device("<hostdev type='usb' managed='" + managed +
                                         "'><source><address bus='1' device='3'/></source></hostdev>");
        ASSERT_TRUE(device) << device.error().message;
        EXPECT_EQ(std::get<UsbDevice>(*device).managed, managed == "yes");
    }
}

TEST(GoodInput, MayHaveTheSameDiskTwiceIfNothingCanGoWrong) {
    const auto twice = [](std::string_view more) {
        std::string devices;
        for (const std::string target : {"xvda", "xvdb"})
            devices +=
                "<disk><source file='/a'/><target dev='" + target + "'/>" + std::string(more) + "</disk>";
        return verdict(Sample{.devices = devices}.xml());
    };
    EXPECT_EQ(twice("<readonly/>"), "ok");
    EXPECT_EQ(twice("<shareable/>"), "ok");
    EXPECT_THAT(twice(""), HasSubstr("both would have to be read-only, or shareable"));
}

}  // namespace
}  // namespace virtlight::domain::bad_input_test
