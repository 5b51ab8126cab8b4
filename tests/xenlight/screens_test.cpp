// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/screens.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "domain/arbitrary_screen.hpp"
#include "xenlight/config_of.hpp"
#include "xenlight/words.hpp"

namespace virtlight::xenlight {
namespace {

using domain::Definition;
using domain::Graphics;
using domain::GuestType;
using domain::Input;
using domain::SoundModel;
using domain::Video;
using domain::Vnc;

/// What a screen is made of.
Definition part(GuestType type, Graphics graphics, Video video, std::vector<Input> inputs = {},
                std::optional<SoundModel> sound = {}) {
    return {.type = type,
            .graphics = std::move(graphics),
            .video = video,
            .usb_inputs = std::move(inputs),
            .sound = sound};
}

Definition shown_after_a_round_trip(const Definition& definition) {
    DomainConfig config;
    init(definition.type, config);
    write_screen(definition, *config);
    Definition read{.type = definition.type};
    read_screen(*config, read);
    return read;
}

RC_GTEST_PROP(Screens, ComeBackFromLibxlsWordsAsTheyWere, ()) {
    const auto type = *rc::gen::element(GuestType::pv, GuestType::hvm);
    const auto graphics = domain::arbitrary::graphics(type);
    auto definition = part(type, graphics, domain::arbitrary::video(type, graphics),
                           domain::arbitrary::usb_inputs(type), domain::arbitrary::sound(type));
    // libxl is told of a port, and never that it was chosen.
    if (definition.graphics.spice) definition.graphics.spice->autoport = false;
    RC_ASSERT(shown_after_a_round_trip(definition) == definition);
}

TEST(Screens, LeaveTheChoiceOfAPortToTheDeviceModel) {
    auto definition =
        part(GuestType::pv, {.vnc = Vnc{.autoport = true, .port = 5907}}, {Video::Model::xen, 4096});
    DomainConfig config;
    init(definition.type, config);
    write_screen(definition, *config);
    EXPECT_TRUE(libxl_defbool_val(config->vfbs[0].vnc.findunused));
    EXPECT_EQ(config->vfbs[0].vnc.display, 0) << "the port of an earlier life is nothing to begin with";
}

TEST(Screens, AreShownToThisHostAloneUnlessAskedFor) {
    DomainConfig config;
    init(GuestType::hvm, config);
    write_screen(part(GuestType::hvm, {.vnc = Vnc{}, .spice = domain::Spice{.port = 6000}}, {}), *config);
    EXPECT_STREQ(config->b_info.u.hvm.vnc.listen, "127.0.0.1");
    EXPECT_STREQ(config->b_info.u.hvm.spice.host, "127.0.0.1");
}

TEST(Screens, OfXlAreWhatLibxlMakesOfThem) {
    DomainConfig config;
    init(GuestType::hvm, config);
    config->b_info.u.hvm.usbdevice = ::strdup("tablet");
    Definition read{.type = GuestType::hvm};
    read_screen(*config, read);
    EXPECT_EQ(read.graphics, Graphics{.vnc = Vnc{}});
    EXPECT_EQ(read.video, (Video{Video::Model::cirrus, 8192}));
    EXPECT_EQ(read.usb_inputs, std::vector{Input::tablet});
}

/// What check_screen() says of an HVM guest with this in it.
template <class Change>
std::string verdict(Change change) {
    DomainConfig config;
    init(GuestType::hvm, config);
    change(*config, config->b_info.u.hvm);
    const auto held = check_screen(*config);
    return held ? "ok" : held.error().message;
}

TEST(Screens, OfXlThatCannotBeHeldAreRefusedByName) {
    using Config = libxl_domain_config;
    using testing::HasSubstr;
    EXPECT_EQ(verdict([](Config&, auto&) {}), "ok");
    EXPECT_EQ(verdict([](Config&, auto& hvm) { hvm.soundhw = ::strdup("gus"); }),
              "it has the sound card 'gus', which is not served");
    EXPECT_EQ(verdict([](Config&, auto& hvm) { hvm.usbdevice = ::strdup("host:1.2"); }),
              "it has the USB device 'host:1.2', which is not served");
    EXPECT_EQ(verdict([](Config&, auto& hvm) {
                  hvm.usbdevice_list = copy_list(std::vector<std::string>{"mouse", "mouse", "tablet"});
              }),
              "it has 3 USB devices; 2 are served");
    EXPECT_THAT(verdict([](Config&, auto& hvm) { hvm.vga.kind = static_cast<libxl_vga_interface_type>(7); }),
                HasSubstr("a display adapter of kind 7"));
    const auto spice = [](auto more) {
        return verdict([more](Config&, auto& hvm) {
            libxl_defbool_set(&hvm.spice.enable, true);
            more(hvm.spice);
        });
    };
    EXPECT_EQ(spice([](auto&) {}), "ok");
    EXPECT_THAT(spice([](auto& info) {
                    libxl_defbool_set(&info.vdagent, true);
                    libxl_defbool_set(&info.agent_mouse, false);
                }),
                HasSubstr("a SPICE agent with neither mouse nor clipboard"));
    const auto framebuffers = [](int count) {
        return verdict([count](Config& config, auto&) {
            config.vfbs = allocate<libxl_device_vfb>(2);
            config.vkbs = allocate<libxl_device_vkb>(1);
            for (int each = 0; each < 2; ++each)
                libxl_device_vfb_init(config.vfbs + each);
            libxl_device_vkb_init(config.vkbs);
            config.num_vfbs = count;
            config.num_vkbs = 1;
        });
    };
    EXPECT_EQ(framebuffers(1), "ok") << "as libvirt has it of an HVM guest";
    EXPECT_EQ(framebuffers(2), "it has 2 framebuffers of Xen's, more than a guest has here");
}

}  // namespace
}  // namespace virtlight::xenlight
