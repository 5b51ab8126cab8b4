// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/screens.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "domain/arbitrary_screen.hpp"
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

void init(GuestType type, DomainConfig& config) {
    const auto theirs = type == GuestType::hvm ? LIBXL_DOMAIN_TYPE_HVM : LIBXL_DOMAIN_TYPE_PV;
    config->c_info.type = theirs;
    libxl_domain_build_info_init_type(&config->b_info, theirs);
}

Definition after_a_round_trip(const Definition& definition) {
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
    const auto definition = part(type, graphics, domain::arbitrary::video(type, graphics),
                                 domain::arbitrary::usb_inputs(type), domain::arbitrary::sound(type));
    RC_ASSERT(after_a_round_trip(definition) == definition);
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

}  // namespace
}  // namespace virtlight::xenlight
