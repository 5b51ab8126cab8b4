// SPDX-License-Identifier: LGPL-2.1-or-later
// What <graphics>, <video>, <input> and <sound> are read into, and what they are refused for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "domain/sample.hpp"

namespace virtlight::domain::xml_screen_test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const std::string vnc = "<graphics type='vnc'/>";

Definition read(std::string devices, std::string os = hvm_os) {
    return definition_of({.os = std::move(os), .devices = std::move(devices)});
}

std::string refusal(std::string devices, std::string os = hvm_os) {
    return verdict(Sample{.os = std::move(os), .devices = std::move(devices)}.xml());
}

const std::string pv_os = Sample{}.os;

TEST(DomainXmlGraphics, AreShownInThreeWays) {
    const auto graphics = read(
        "<graphics type='vnc' port='5905' listen='10.0.0.1' passwd='secret' keymap='fr'/>"
        "<graphics type='sdl' display=':0' xauth='/x' fullscreen='no'/>"
        "<graphics type='spice' port='6000' tlsPort='6001' passwd='long secret'>"
        "<clipboard copypaste='no'/><mouse mode='server'/></graphics>");
    EXPECT_EQ(
        graphics.graphics,
        (Graphics{.vnc = Vnc{.listen = "10.0.0.1", .autoport = false, .port = 5905, .password = "secret"},
                  .sdl = Sdl{":0", "/x"},
                  .spice = Spice{.port = 6000,
                                 .tls_port = 6001,
                                 .password = "long secret",
                                 .clipboard = false,
                                 .agent_mouse = false},
                  .keymap = "fr"}));
}

TEST(DomainXmlGraphics, HaveTheirVncPortChosenUnlessOneIsGiven) {
    const auto of = [](std::string_view attributes) {
        return *read(fmt::format("<graphics type='vnc' {}/>", attributes)).graphics.vnc;
    };
    const Vnc chosen{.autoport = true, .port = 0};
    const Vnc given{.autoport = false, .port = 5907};
    EXPECT_EQ(of(""), chosen);
    EXPECT_EQ(of("port='-1'"), chosen);
    EXPECT_EQ(of("port='-1' autoport='yes'"), chosen);
    EXPECT_EQ(of("port='5907' autoport='yes'"), chosen) << "the port of a life that is over";
    EXPECT_EQ(of("port='5907'"), given);
    EXPECT_EQ(of("port='5907' autoport='no'"), given);
}

TEST(DomainXmlGraphics, OfARunningGuestHaveThePortThatWasTaken) {
    auto definition = read(vnc);
    definition.graphics.vnc->port = 5903;
    EXPECT_THAT(format_xml(definition, 7U), HasSubstr("<graphics type='vnc' port='5903' autoport='yes'/>"));
    EXPECT_THAT(format_xml(definition), HasSubstr("<graphics type='vnc' port='-1' autoport='yes'/>"));
}

TEST(DomainXmlGraphics, HaveASpicePortOfThatLifeWhereNoneIsAskedFor) {
    for (const auto* const xml : {"<graphics type='spice'/>", "<graphics type='spice' port='-1'/>",
                                  "<graphics type='spice' port='61003' tlsPort='61004' autoport='yes'/>"}) {
        auto definition = read(xml);
        EXPECT_EQ(definition.graphics.spice, Spice{.autoport = true});
        definition.graphics.spice->port = 61003;
        EXPECT_THAT(format_xml(definition, 7U),
                    HasSubstr("<graphics type='spice' port='61003' autoport='yes'/>"));
        EXPECT_THAT(format_xml(definition), HasSubstr("<graphics type='spice' autoport='yes'/>"));
        EXPECT_EQ(without_taken_ports(definition.graphics).spice->port, 0u);
    }
    EXPECT_FALSE(read("<graphics type='spice' port='6000'/>").graphics.spice->autoport);
}

TEST(DomainXmlGraphics, HavePasswordsThatCanBeLeftOut) {
    const auto graphics =
        read("<graphics type='vnc' passwd='one'/><graphics type='spice' port='1' passwd='two'/>").graphics;
    const auto open = without_secrets(graphics);
    EXPECT_EQ(open.vnc->password, "");
    EXPECT_EQ(open.spice->password, "");
    EXPECT_EQ(open.spice->port, 1U);
}

TEST(DomainXmlGraphics, BringAnAdapterAMouseAndAKeyboard) {
    EXPECT_EQ(read(vnc).video, (Video{Video::Model::cirrus, 8192}));
    EXPECT_EQ(read(vnc, pv_os).video, (Video{Video::Model::xen, 4096}));
    EXPECT_EQ(read("").video, Video{});
    EXPECT_EQ(read(vnc + "<video><model type='none'/></video>").video, Video{});
    EXPECT_THAT(format_xml(read(vnc)),
                HasSubstr("<input type='mouse' bus='ps2'/>\n    <input type='keyboard' bus='ps2'/>"));
    EXPECT_THAT(format_xml(read(vnc, pv_os)),
                HasSubstr("<input type='mouse' bus='xen'/>\n    <input type='keyboard' bus='xen'/>"));
    EXPECT_THAT(format_xml(read("")), Not(HasSubstr("<input")));
    EXPECT_THAT(
        read("<input type='tablet'/><input type='keyboard' bus='usb'/><input type='mouse'/>").usb_inputs,
        ElementsAre(Input::tablet, Input::keyboard));
}

TEST(DomainXmlGraphics, MayBeMissingWhereLibvirtNamesAMouseAndAKeyboardAllTheSame) {
    for (const auto& [bus, os] : {std::pair("ps2", hvm_os), std::pair("xen", pv_os)}) {
        const auto inputs =
            fmt::format("<input type='mouse' bus='{0}'/><input type='keyboard' bus='{0}'/>", bus);
        const auto definition = read(inputs, os);
        EXPECT_FALSE(definition.graphics.any()) << bus;
        EXPECT_THAT(format_xml(definition), Not(HasSubstr("<input"))) << bus;
    }
    EXPECT_THAT(format_xml(read("<input type='mouse' bus='xen'><alias name='ua-m'/></input>", pv_os)),
                HasSubstr("<alias name='ua-m'/>"));
}

TEST(DomainXmlGraphics, CountVideoMemoryInWholeMib) {
    EXPECT_EQ(read("<video><model type='vga' vram='16385'/></video>").video,
              (Video{Video::Model::vga, 17408}));
    EXPECT_EQ(read("<video><model type='qxl'/></video>").video, (Video{Video::Model::qxl, 131072}));
}

TEST(DomainXmlGraphics, HaveAQxlWithTheRamThatLibvirtWritesDown) {
    const auto qxl = [](std::string_view memory) {
        return fmt::format("<video><model type='qxl' {} heads='1' primary='yes'/></video>", memory);
    };
    EXPECT_EQ(read(qxl("ram='65536' vram='131072'")).video, (Video{Video::Model::qxl, 131072}));
    EXPECT_EQ(read(qxl("ram='65536' vram='262144'")).video, (Video{Video::Model::qxl, 262144}));
    EXPECT_THAT(refusal(qxl("ram='131072' vram='131072'")),
                HasSubstr("the 'ram' of a qxl is half of its 'vram', 65536 KiB, and cannot be 131072"));
    EXPECT_THAT(refusal(qxl("ram='much'")), HasSubstr("must be a whole number of KiB, not 'much'"));
    EXPECT_THAT(refusal("<video><model type='vga' ram='65536'/></video>"),
                HasSubstr("attribute 'ram' of element <model> is not supported"));
}

TEST(DomainXmlGraphicsRefusal, OfWhatIsNotServed) {
    EXPECT_THAT(refusal("<graphics/>"),
                HasSubstr("<graphics> has no attribute 'type'; allowed here: vnc, sdl, spice"));
    EXPECT_THAT(refusal("<graphics type='rdp'/>"), HasSubstr("'rdp'; allowed here: vnc, sdl, spice"));
    EXPECT_THAT(refusal(vnc + vnc), HasSubstr("a guest has one <graphics> of type 'vnc'"));
    EXPECT_THAT(refusal("<graphics type='vnc' passwdValidTo='2030-01-01T00:00:00'/>"),
                HasSubstr("'passwdValidTo'"));
    EXPECT_THAT(refusal("<graphics type='vnc'><listen type='socket' socket='/s'/></graphics>"),
                HasSubstr("'socket'; allowed here: address"));
    EXPECT_THAT(refusal("<graphics type='spice' autoport='no'/>"), HasSubstr("or autoport='yes'"));
    EXPECT_THAT(refusal("<graphics type='spice' port='6000'/>", pv_os),
                HasSubstr("only HVM guests can have a SPICE"));
    EXPECT_THAT(refusal("<sound model='ac97'/>", pv_os), HasSubstr("only HVM guests have <sound>"));
    EXPECT_THAT(refusal("<sound model='usb'/>"), HasSubstr("'usb'; allowed here: sb16, es1370, ac97, ich6"));
    EXPECT_THAT(refusal("<input type='tablet' bus='xen'/>", pv_os), HasSubstr("and no other <input>"));
    EXPECT_THAT(refusal("<input type='mouse' bus='ps2'/>", pv_os), HasSubstr("'ps2'; allowed here: xen"));
    EXPECT_THAT(refusal("<input type='tablet' bus='ps2'/>"), HasSubstr("a tablet is on bus 'usb'"));
    EXPECT_THAT(refusal("<input type='mouse' bus='virtio'/>"), HasSubstr("'virtio'; allowed here: usb, ps2"));
    EXPECT_THAT(refusal("<input type='tablet'/><input type='tablet'/><input type='tablet'/>"),
                HasSubstr("a guest can have 2 <input> on bus 'usb'"));
}

TEST(DomainXmlGraphicsRefusal, OfValuesOutOfRange) {
    const auto with = [](std::string_view attributes) {
        return refusal(fmt::format("<graphics type='vnc' {}/>", attributes));
    };
    EXPECT_EQ(
        with("passwd='123456789'"),
        "unsupported configuration: line 6: <graphics>: VNC password is 9 characters long, only 8 permitted");
    EXPECT_THAT(with("port='80'"), HasSubstr("must be from 5900 to 65535, not 80"));
    EXPECT_THAT(with("port='65536'"), HasSubstr("must be a port or -1, not '65536'"));
    EXPECT_THAT(with("autoport='no'"), HasSubstr("must be from 5900 to 65535, not 0"));
    EXPECT_THAT(with("listen='0.0.0.0,tls'"),
                HasSubstr("at an IP address of the host, not at '0.0.0.0,tls'"));
    EXPECT_THAT(with("keymap='de,x'"), HasSubstr("not 'de,x'"));
    EXPECT_THAT(
        refusal("<graphics type='vnc' listen='::'><listen type='address' address='0.0.0.0'/></graphics>"),
        HasSubstr("<listen> says '0.0.0.0' and its <graphics> '::'"));
    EXPECT_THAT(refusal("<graphics type='spice' port='1' passwd='a,b'/>"), HasSubstr("cannot hold ','"));
    EXPECT_THAT(refusal("<graphics type='vnc' keymap='de'/><graphics type='spice' port='1' keymap='fr'/>"),
                HasSubstr("have one keymap, not 'de' and 'fr'"));
}

TEST(DomainXmlGraphicsRefusal, OfAdaptersThatTheGuestCannotHave) {
    const auto with = [](std::string_view model, std::string os = hvm_os) {
        return refusal(vnc + fmt::format("<video><model type={}/></video>", model), std::move(os));
    };
    EXPECT_THAT(with("'vga' vram='16383' heads='1'"), "ok") << "rounded up";
    EXPECT_THAT(with("'vga' vram='15360'"),
                HasSubstr("videoram must be at least 16384 KiB for 'vga', not 15360"));
    EXPECT_THAT(with("'cirrus' vram='4096'"), HasSubstr("at least 8192 KiB for 'cirrus'"));
    EXPECT_THAT(with("'xen'"), HasSubstr("allowed here: none, cirrus, vga, qxl"));
    EXPECT_THAT(with("'virtio'"), HasSubstr("'virtio'; allowed here"));
    EXPECT_THAT(with("'vga' heads='2'"), HasSubstr("'heads'"));
    EXPECT_THAT(with("'cirrus'", pv_os), HasSubstr("allowed here: xen"));
    EXPECT_THAT(with("'xen' vram='8192'", pv_os), HasSubstr("framebuffer has 4096 KiB, not 8192"));
    EXPECT_THAT(refusal("<video><model type='xen'/></video>", pv_os),
                HasSubstr("only a guest with <graphics>"));
    EXPECT_THAT(refusal("<video/><video/>"), HasSubstr("a guest has one <video>"));
}

}  // namespace
}  // namespace virtlight::domain::xml_screen_test
