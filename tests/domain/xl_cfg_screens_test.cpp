// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "domain/xl_cfg_sample.hpp"

namespace virtlight::domain::xl_cfg_screens_test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using xl::hvm;
using xl::pv;
using xl::read;
using xl::refusal;

TEST(XlCfgScreens, OfAnHvmGuestAreShownByVncUnlessItSaysNo) {
    EXPECT_EQ(read(hvm).graphics, Graphics{.vnc = Vnc()});
    EXPECT_EQ(read(hvm).video, (Video{Video::Model::cirrus, 8192}));
    EXPECT_EQ(read(hvm + "vnc=0\nsdl=0\nvncpasswd=''").graphics, Graphics());
    EXPECT_EQ(read(hvm + "vnc=0\nnographic=1\nvga='none'").video, Video());
    EXPECT_EQ(read(pv).graphics, Graphics());
}

TEST(XlCfgScreens, AreReadAsXlDoes) {
    EXPECT_EQ(
        read(hvm + "vnclisten='0.0.0.0'\nvncunused=0\nvncdisplay=7\nvncpasswd='a'\nkeymap='de'").graphics,
        (Graphics{.vnc = Vnc{"0.0.0.0", false, 5907, "a"}, .keymap = "de"}));
    EXPECT_EQ(read(hvm + "vnclisten='[::1]:3'\nvncunused=0").graphics.vnc, (Vnc{"::1", false, 5903}));
    EXPECT_EQ(read(hvm + "vnc=0\nsdl=1\ndisplay=':1'\nxauthority='/x'\nopengl=1").graphics,
              (Graphics{.sdl = Sdl{":1", "/x", true}}));
    EXPECT_EQ(read(pv + "vnc=1\nvnclisten='1.2.3.4'").graphics, Graphics{.vnc = Vnc{"1.2.3.4"}});
}

TEST(XlCfgScreens, HaveTheDisplayThatTheyName) {
    const auto cfg = [](const std::string& file) { return read_xl_cfg(file).value_or(XlCfg{}); };
    const auto told = cfg(hvm + "vncpasswd='a'\nvncdisplay=7\nkeymap='de'");
    EXPECT_EQ(told.definition.graphics.vnc, (Vnc{"", false, 5907, "a"}));
    EXPECT_THAT(
        told.remarks,
        ElementsAre("line 5: the VNC server has port 5907 and no other here, as 'vncdisplay' says; with xl "
                    "it would have the first free one from there on, as 'vncunused' is missing"));
    const auto listens = cfg(hvm + "vnclisten='127.0.0.1:3'");
    EXPECT_EQ(listens.definition.graphics.vnc, (Vnc{"127.0.0.1", false, 5903}));
    EXPECT_THAT(listens.remarks, ElementsAre(HasSubstr("line 4: the VNC server has port 5903")));
    const auto framebuffer = cfg(pv + "vfb=['type=vnc,vncdisplay=1']");
    EXPECT_EQ(framebuffer.definition.graphics.vnc, (Vnc{"", false, 5901}));
    EXPECT_THAT(framebuffer.remarks, ElementsAre(HasSubstr("line 4: the VNC server has port 5901")));
    EXPECT_THAT(cfg(hvm + "vncdisplay=0").remarks, IsEmpty());
    EXPECT_EQ(read(hvm + "vncdisplay=0").graphics.vnc, Vnc());
    EXPECT_THAT(cfg(hvm + "vncdisplay=2\nvncunused=0").remarks, IsEmpty());
}

TEST(XlCfgScreens, OfPvGuestsAreFramebuffers) {
    const auto definition =
        read(pv + "vfb=[' vncunused=0, vncdisplay=2,vncpasswd=a b,sdl=1,display=:0,keymap=de, ']");
    EXPECT_EQ(definition.graphics,
              (Graphics{.vnc = Vnc{"", false, 5902, "a b"}, .sdl = Sdl{":0"}, .keymap = "de"}));
    EXPECT_EQ(definition.video, (Video{Video::Model::xen, 4096}));
    EXPECT_EQ(read(pv + "vfb=['']").graphics, Graphics{.vnc = Vnc()});
    EXPECT_EQ(read(pv + "vfb=['vnc=0,sdl=1']").graphics, Graphics{.sdl = Sdl()});
    EXPECT_EQ(read(pv + "vfb=['sdl=1,vnc=0']\nvnc=0").graphics, Graphics{.sdl = Sdl()});
    EXPECT_THAT(refusal(pv + "vfb=['sdl=1,vnc=1,vnc=0']"), HasSubstr("'vnc' is said twice"));
}

TEST(XlCfgScreens, OfPvGuestsMayHaveATypeThatXlIgnores) {
    const auto told = [](const std::string& more) {
        return read_xl_cfg(pv + more).value_or(XlCfg{}).remarks;
    };
    EXPECT_EQ(read(pv + "vfb=['type=vnc,vncunused=1,keymap=de']").graphics,
              (Graphics{.vnc = Vnc(), .keymap = "de"}));
    EXPECT_EQ(read(pv + "vfb=['type=sdl']").graphics, Graphics{.vnc = Vnc()}) << "as xl has it";
    EXPECT_THAT(told("vfb=['type=vnc']"), IsEmpty());
    EXPECT_THAT(
        told("vfb=['type=sdl,sdl=1']"),
        ElementsAre("line 4: 'type=sdl' of a 'vfb' is left out, as xl ignores it: 'vnc' and 'sdl' say "
                    "what shows the screen"));
}

TEST(XlCfgScreens, OfPvGuestsSayInACommentWhatAFramebufferCannot) {
    auto definition = read(pv + "vfb=['']");
    definition.graphics.vnc->password = "a,b";
    const auto file = format_xl_cfg(definition);
    EXPECT_THAT(file, HasSubstr("# not said here: 'vncpasswd' of the screen, which holds a comma\n"));
    EXPECT_THAT(file, HasSubstr("vfb = [ \"vnc=1\" ]\n"));
}

TEST(XlCfgScreens, ThatCannotBeAreRefusedWithTheirLine) {
    EXPECT_THAT(refusal(hvm + "vncdisplay=2\nvncunused=1"),
                HasSubstr("a display of VNC can be told here with 'vncunused = 0'"));
    EXPECT_THAT(refusal(hvm + "vnclisten='::1'\nvncdisplay=1"), HasSubstr("told by 'vnclisten' and by"));
    EXPECT_THAT(refusal(hvm + "vnc=0\nvnclisten='0.0.0.0'"), HasSubstr("line 5: 'vnclisten' means nothing"));
    EXPECT_THAT(refusal(hvm + "xauthority='/x'"), HasSubstr("'xauthority' means nothing without 'sdl'"));
    EXPECT_THAT(refusal(hvm + "vnc=0\nkeymap='de'"), HasSubstr("'keymap' means nothing without 'vnc'"));
    EXPECT_THAT(refusal(hvm + "vfb=['vnc=1']"), HasSubstr("one 'vfb', and an HVM guest none"));
    EXPECT_THAT(refusal(pv + "vfb=['','']"), HasSubstr("one 'vfb'"));
    EXPECT_THAT(refusal(pv + "vfb=['colour=1']"), HasSubstr("line 4: 'colour' of a 'vfb' is not supported"));
    EXPECT_THAT(refusal(pv + "vfb=['vfb=1']"), HasSubstr("'vfb' of a 'vfb' is not supported"));
    EXPECT_THAT(refusal(pv + "vfb=['vncdisplay=x']"), HasSubstr("'vncdisplay' must be a number"));
    EXPECT_THAT(refusal(pv + "vfb=['']\nvnc=1"), HasSubstr("line 5: 'vnc' means nothing here"));
    EXPECT_THAT(refusal(pv + "sdl=1"), HasSubstr("line 4: 'sdl' means nothing here"));
    EXPECT_THAT(refusal(pv + "type='pvh'\nvnc=1"), HasSubstr("is a 'vfb'"));
    EXPECT_THAT(refusal(hvm + "vnc=1\nvncpasswd='far too long'"),
                HasSubstr("line 5: 'vncpasswd': VNC password is 12 characters long"));
    EXPECT_THAT(refusal(pv + "vfb=['vncpasswd=far too long']"),
                HasSubstr("line 4: 'vncpasswd': VNC password is 12 characters long"));
    EXPECT_THAT(refusal(hvm + "vnclisten='here:1'"),
                HasSubstr("line 4: 'vnclisten': a screen can be shown at an IP address of the host, not at "
                          "'here'"));
    EXPECT_THAT(refusal(hvm + "vncpasswd='a'\nkeymap='d,e'"),
                HasSubstr("line 5: 'keymap': a keymap is named in letters"));
}

TEST(XlCfgSpice, IsReadAsXlDoes) {
    const auto spice = hvm + "vnc=0\nspice=1\nspiceport=6000\n";
    EXPECT_EQ(read(spice + "spicedisable_ticketing=1").graphics.spice,
              (Spice{.port = 6000, .clipboard = false, .agent_mouse = false}));
    EXPECT_EQ(read(spice + "spicehost='0.0.0.0'\nspicetls_port=6001\nspicepasswd='a'\nspicevdagent=1\n"
                           "spice_clipboard_sharing=1\nspice_image_compression='lz'\n"
                           "spice_streaming_video='all'")
                  .graphics.spice,
              (Spice{.listen = "0.0.0.0",
                     .port = 6000,
                     .tls_port = 6001,
                     .password = "a",
                     .image_compression = "lz",
                     .streaming = "all"}));
}

TEST(XlCfgSpice, ThatCannotBeIsRefusedWithItsLine) {
    const auto spice = hvm + "spice=1\nspiceport=6000\n";
    EXPECT_THAT(refusal(spice), HasSubstr("line 4: 'spice': a SPICE server needs a 'spicepasswd', or"));
    EXPECT_THAT(refusal(spice + "spicepasswd='a'\nspicedisable_ticketing=1"),
                HasSubstr("exclude each other"));
    EXPECT_THAT(refusal(spice + "spicepasswd='a'\nspice_clipboard_sharing=1"),
                HasSubstr("mean nothing without 'spicevdagent'"));
    EXPECT_THAT(refusal(spice + "spicepasswd='a'\nspicevdagent=1\nspiceagent_mouse=0"),
                HasSubstr("'spicevdagent' means nothing without"));
    EXPECT_THAT(refusal(spice + "spicepasswd='a'\nspice_streaming_video='some'"),
                HasSubstr("the streaming of videos of SPICE cannot be 'some'; allowed are filter, all, off"));
    EXPECT_THAT(refusal(hvm + "spicepasswd='a'"),
                HasSubstr("line 4: 'spicepasswd' means nothing without 'spice'"));
    EXPECT_THAT(refusal(hvm + "spice=1\nspicepasswd='a'"), HasSubstr("needs a port"));
    EXPECT_THAT(refusal(pv + "spice=1"),
                HasSubstr("line 4: 'spice': only HVM guests can have a SPICE server"));
}

TEST(XlCfgAdapters, AreReadAsXlDoes) {
    EXPECT_EQ(read(hvm + "stdvga=1").video, (Video{Video::Model::vga, 16384}));
    EXPECT_EQ(read(hvm + "stdvga=1\nvga='qxl'\nvideoram=256").video, (Video{Video::Model::qxl, 262144}));
    EXPECT_EQ(read(hvm + "vga='cirrus'\nvideoram=0x10").video, (Video{Video::Model::cirrus, 16384}));
    EXPECT_EQ(read(hvm + "usbdevice='tablet'").usb_inputs, std::vector{Input::tablet});
    EXPECT_THAT(read(hvm + "usbdevice=['mouse','keyboard']").usb_inputs,
                ElementsAre(Input::mouse, Input::keyboard));
    EXPECT_EQ(read(hvm + "soundhw='hda'").sound, SoundModel::ich6);
}

TEST(XlCfgAdapters, ThatCannotBeAreRefusedWithTheirLine) {
    EXPECT_THAT(refusal(hvm + "vga='vmware'"),
                HasSubstr("line 4: 'vga' cannot be 'vmware' here; allowed are"));
    EXPECT_THAT(refusal(hvm + "videoram=4"),
                HasSubstr("line 4: 'videoram': videoram must be at least 8192 KiB"));
    EXPECT_THAT(refusal(hvm + "vga='none'\nvideoram=4"),
                HasSubstr("'videoram' means nothing with 'vga' none"));
    EXPECT_THAT(refusal(hvm + "nographic=1"), HasSubstr("line 4: 'nographic' means nothing beside 'vnc'"));
    EXPECT_THAT(refusal(hvm + "usbdevice='host:1.2'"), HasSubstr("'usbdevice' cannot be 'host:1.2' here"));
    EXPECT_THAT(refusal(hvm + "usbdevice=['mouse','mouse','mouse']"), HasSubstr("can name 2 devices"));
    EXPECT_THAT(refusal(hvm + "soundhw='gus'"), HasSubstr("'soundhw' cannot be 'gus' here"));
    EXPECT_THAT(refusal(pv + "soundhw='sb16'"), HasSubstr("line 4: 'soundhw' is of HVM guests"));
}

}  // namespace
}  // namespace virtlight::domain::xl_cfg_screens_test
