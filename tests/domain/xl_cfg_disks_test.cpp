// SPDX-License-Identifier: LGPL-2.1-or-later
#include <map>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "domain/xl_cfg_sample.hpp"
#include "domain/xml.hpp"

namespace virtlight::domain::xl_cfg_disks_test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using xl::hvm;
using xl::pv;
using xl::read;
using xl::refused;

std::vector<Disk> disks(const std::string& spec, const std::string& type = "pv") {
    return read(pv + "type='" + type + "'\ndisk=['" + spec + "']").disks;
}
DiskName place(std::string_view name) {
    return parse_disk_name(name).value_or(DiskName());
}

TEST(XlCfgDisks, AreReadInEachOfTheirForms) {
    const Disk hdc{.target = place("hdc"),
                   .device = Disk::Device::cdrom,
                   .source = Disk::Source::file,
                   .path = "/root/image.iso",
                   .readonly = true};
    for (const auto* spec : {"/root/image.iso,raw,hdc,devtype=cdrom", "/root/image.iso,,hdc,cdrom",
                             "format=raw, vdev=hdc, access=ro, devtype=cdrom, target=/root/image.iso",
                             "raw:/root/image.iso,hdc:cdrom,ro", "file:/root/image.iso,hdc:cdrom,r"})
        EXPECT_THAT(disks(spec), ElementsAre(hdc)) << spec;
    const Disk block{.target = place("xvda"), .source = Disk::Source::block, .path = "/dev/vg/web"};
    for (const auto* spec : {"/dev/vg/web,raw,xvda,rw", "phy:/dev/vg/web,xvda,w", "vg/web,,xvda",
                             "vdev=xvda,target=/dev/vg/web", "vdev=xvda,specification=xen,target=vg/web"})
        EXPECT_THAT(disks(spec), ElementsAre(block)) << spec;
}

TEST(XlCfgDisks, MayBeNamedByTheNumbersOfTheirDevices) {
    EXPECT_EQ(disks("phy:/dev/vg/web,51712,w").at(0).target, place("xvda"));
    EXPECT_EQ(disks("file:/web.img,0xca11,w").at(0).target, place("xvdb1"));
    EXPECT_EQ(disks("vdev=0x10001100,target=/a").at(0).target, place("xvdr"));
    EXPECT_EQ(disks("/a,raw,0x300,rw", "hvm").at(0).target, place("hda"));
    for (const std::string number : {"0x1", "1", "0x10000000", "0x380", "4294967296", "-1"})
        EXPECT_THAT(refused("disk = [ 'phy:/dev/wd0e," + number + ",w' ]"),
                    HasSubstr("line 4: 'disk': '" + number +
                              "' is the number of no disk that has a name: call the first one xvda"));
}

TEST(XlCfgDisks, MayHaveAllThatADefinitionHas) {
    EXPECT_THAT(disks("format=qcow2,vdev=xvdb,access=ro,backendtype=qdisk,backend=storage,direct-io-safe,"
                      "no-discard,target=/img/a, b=c"),
                ElementsAre(Disk{.target = place("xvdb"),
                                 .source = Disk::Source::file,
                                 .path = "/img/a, b=c",
                                 .format = Disk::Format::qcow2,
                                 .backend = Disk::Backend::qemu,
                                 .backend_domain = "storage",
                                 .readonly = true,
                                 .direct_io = true,
                                 .discard = false}));
    EXPECT_EQ(disks("vdev=xvda,backend=Domain-0,target=/a"), disks("vdev=xvda,target=/a"));
    EXPECT_THAT(disks(",,hdc,cdrom", "hvm"),
                ElementsAre(Disk{.target = place("hdc"), .device = Disk::Device::cdrom, .readonly = true}));
    EXPECT_EQ(disks("tap:qcow2:/a,xvda,w").at(0).format, Disk::Format::qcow2);
    EXPECT_EQ(disks("tap2:aio:/a,xvda,w").at(0).format, Disk::Format::raw);
    EXPECT_THAT(disks("backendtype=phy,vdev=xvda,target=/srv/a.img"),
                ElementsAre(Disk{.target = place("xvda"),
                                 .source = Disk::Source::file,
                                 .path = "/srv/a.img",
                                 .backend = Disk::Backend::phy}));
}

TEST(XlCfgDisks, ThatCannotBeAreRefusedWithTheirLine) {
    const auto disk = [](const std::string& spec) { return refused("disk = [ '" + spec + "' ]"); };
    EXPECT_THAT(disk("/a"), HasSubstr("line 4: 'disk': disk '/a' has no vdev"));
    EXPECT_THAT(disk("/a,raw,vda"), HasSubstr("line 4: 'disk': 'vda' is no name of a disk"));
    EXPECT_THAT(disk("/a,foo,xvda"), HasSubstr("format 'foo' of a disk is not supported; allowed are raw"));
    EXPECT_THAT(disk("/a,raw,xvda,x"), HasSubstr("access 'x'"));
    EXPECT_THAT(disk("/a,raw,xvda,w,more"), HasSubstr("has too many parameters"));
    EXPECT_THAT(disk("script=block-iscsi,vdev=xvda,target=/a"),
                HasSubstr("'script=block-iscsi' of a disk is not supported: domain XML has no place for"));
    for (const std::string prefix : {"iscsi", "nbd", "enbd", "drbd"})
        EXPECT_THAT(disk(prefix + ":web,xvda,w"),
                    HasSubstr("'" + prefix + ":' before a disk stands for 'script=block-" + prefix + "'"));
    EXPECT_THAT(disk("vdev=xvda,target=nbd:host:10809"),
                HasSubstr("a disk of protocol 'nbd' is not supported"));
    EXPECT_THAT(disk("vdev=hdc,cdrom,untrusted"), HasSubstr("'untrusted' of a disk is not supported"));
    EXPECT_THAT(disk("vdev=xvda,colo,target=/a"), HasSubstr("'colo' of a disk is not supported"));
    EXPECT_THAT(disk(",raw,xvda,w"), HasSubstr("only a CD drive can be empty"));
    EXPECT_THAT(refused("disk = ['/a,raw,xvda', '/b,raw,xvda']"), HasSubstr("target 'xvda' duplicated"));
}

TEST(XlCfgDisks, AreRefusedWithAPathThatDom0CannotOpen) {
    const auto longest = "/" + std::string(limits::path_bytes - 1, 'd');
    EXPECT_EQ(disks(longest + ",raw,xvda,rw").at(0).path, longest);
    EXPECT_THAT(refused("disk=['" + longest + "d,raw,xvda,rw']"), HasSubstr("a path of up to 4095 bytes"));
}

TEST(XlCfgDisks, BootFromThePartitionThatIsListedFirst) {
    const std::string xen_tools =
        "name='web'\nmemory=512\nbootloader='pygrub'\nroot='/dev/xvda2 ro'\n"
        "disk=['file:/srv/web/disk.img,xvda2,w', 'file:/srv/web/swap.img,xvda1,w']\n";
    const auto cfg = read_xl_cfg(xen_tools).value_or(XlCfg{});
    const auto targets = [](const Definition& definition) {
        std::vector<std::string> all;
        for (const auto& disk : definition.disks)
            all.push_back(to_string(disk.target));
        return all;
    };
    EXPECT_THAT(targets(cfg.definition), ElementsAre("xvda2", "xvda1"));
    EXPECT_THAT(cfg.remarks, IsEmpty());
    EXPECT_THAT(targets(parse_xml(format_xml(cfg.definition)).value_or(Definition())),
                ElementsAre("xvda2", "xvda1"));
    EXPECT_THAT(targets(read(format_xl_cfg(cfg.definition))), ElementsAre("xvda2", "xvda1"));
}

TEST(XlCfgDisks, ThatAreNotBootedAsWithXlAreTold) {
    const std::string disks = "disk=['/b,raw,xvdb',\n'/a,raw,xvda']\n";
    const auto told = [](const std::string& file) { return read_xl_cfg(file).value_or(XlCfg{}).remarks; };
    EXPECT_THAT(
        told("name='web'\nmemory=512\nbootloader='pygrub'\n" + disks),
        ElementsAre("line 4: the bootloader pygrub looks at xvda here, the first of the disks by their "
                    "names; with xl it would be xvdb, which is listed first"));
    EXPECT_THAT(told(pv + disks), IsEmpty()) << "the kernel finds them by their names";
    EXPECT_THAT(told("name='web'\nmemory=512\nbootloader='pygrub'\ndisk=[]\n"), IsEmpty());
}

TEST(XlCfgDisks, SayEachThingOnce) {
    const auto disk = [](const std::string& more) { return refused("disk = [ 'vdev=xvda," + more + "' ]"); };
    EXPECT_THAT(disk("format=qcow2,format=raw,target=/a"),
                HasSubstr("line 4: 'disk': disk 'vdev=xvda,format=qc"));
    for (const auto* twice : {"format", "backendtype", "backend", "access"}) {
        const std::map<std::string_view, std::string> values = {
            {"format", "raw"}, {"backendtype", "phy"}, {"backend", "b"}, {"access", "ro"}};
        const auto said = std::string(twice) + "=" + values.at(twice) + ",";
        EXPECT_EQ(disk(said + "target=/dev/a"), "ok");
        EXPECT_THAT(disk(said + said + "target=/dev/a"), HasSubstr("has '" + std::string(twice) + "' twice"));
    }
    EXPECT_THAT(refused("disk = ['qcow2:/a,xvda,w,format=raw']"), HasSubstr("has 'format' twice"));
    EXPECT_THAT(disk("cdrom,devtype=disk,target=/a"), HasSubstr("says both 'disk' and 'cdrom'"));
    EXPECT_THAT(disk("discard,no-discard,target=/a"), HasSubstr("says both 'discard' and 'no-discard'"));
    EXPECT_EQ(refused("disk = ['/a,raw,hdc:cdrom,r,devtype=cdrom']"), "ok");
}

}  // namespace
}  // namespace virtlight::domain::xl_cfg_disks_test
