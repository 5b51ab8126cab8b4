// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/device_edit.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "domain/sample.hpp"

namespace virtlight::domain {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using enum DeviceEdit;

const std::string vnc = "<graphics type='vnc' autoport='yes' passwd='old'/>";

Definition hvm(const std::string& devices = {}) {
    return definition_of(Sample{.os = hvm_os, .devices = devices});
}

Definition edited(const Definition& definition, std::string_view xml, DeviceEdit edit) {
    auto after = edit_device(definition, xml, edit);
    EXPECT_TRUE(after) << after.error().message;
    return after.value_or(Definition());
}

std::string refusal(const Definition& definition, std::string_view xml, DeviceEdit edit) {
    const auto after = edit_device(definition, xml, edit);
    return after ? "ok" : std::string(to_string(after.error().reason)) + ": " + after.error().message;
}

TEST(DeviceEdit, IsForWhatAGuestHasFromItsStartToItsEnd) {
    for (const auto* xml : {"<graphics type='vnc'/>", "<sound model='ac97'/>", "<wobble/>"})
        EXPECT_TRUE(is_of_definition_only(xml));
    for (const auto* xml : {"<disk/>", "<interface/>", "<hostdev/>", "<controller/>", "no xml", ""})
        EXPECT_FALSE(is_of_definition_only(xml));
}

TEST(DeviceEdit, AddsWhatADefinitionCanHave) {
    EXPECT_EQ(edited(hvm(), "<sound model='ac97'/>", add).sound, SoundModel::ac97);
    EXPECT_THAT(edited(hvm(), "<input type='tablet' bus='usb'/>", add).usb_inputs,
                ElementsAre(Input::tablet));
    EXPECT_TRUE(edited(hvm(), vnc, add).graphics.vnc);
    const auto shared = "<filesystem type='mount'><source dir='/srv'/><target dir='srv'/></filesystem>";
    EXPECT_EQ(edited(hvm(), shared, add).shared_folders.size(), 1u);
    const auto channel = "<channel type='pty'><target type='xen' name='agent'/></channel>";
    EXPECT_EQ(edited(hvm(), channel, add).consoles.back().name, "agent");
    EXPECT_EQ(edited(hvm("<serial type='pty'/>"), "<serial type='pty'/>", add).consoles.size(), 2u);
}

TEST(DeviceEdit, TakesAwayTheOneThatHasAllThatWasSaid) {
    const auto shared = [](const std::string& tag) {
        return "<filesystem type='mount'><source dir='/srv'/><target dir='" + tag + "'/></filesystem>";
    };
    const auto guest = hvm(shared("a") + shared("b"));
    EXPECT_EQ(edited(guest, shared("a"), remove).shared_folders, hvm(shared("b")).shared_folders);
    EXPECT_EQ(refusal(guest, "<filesystem/>", remove),
              "operation failed: the definition has 2 such <filesystem>: say which one is meant");
    EXPECT_EQ(refusal(guest, shared("c"), remove), "no such device: the definition has no such <filesystem>");
    EXPECT_FALSE(edited(hvm("<sound model='ac97'/>"), "<sound model='ac97'/>", remove).sound);
    const auto aliased = "<sound model='ac97'><alias name='sound0'/></sound>";
    EXPECT_FALSE(edited(hvm("<sound model='ac97'/>"), aliased, remove).sound);
    EXPECT_EQ(refusal(hvm("<sound model='ac97'/>"), "<sound model='sb16'/>", remove),
              "no such device: the definition has no such <sound>");
}

TEST(DeviceEdit, ChangesTheOneOfItsKindAndType) {
    const auto after = edited(hvm(vnc), "<graphics type='vnc' port='5907' passwd='new'/>", change);
    EXPECT_EQ(after.graphics.vnc->password, "new");
    EXPECT_EQ(after.graphics.vnc->port, 5907u);
    EXPECT_EQ(refusal(hvm(vnc), "<graphics type='sdl'/>", change),
              "no such device: the definition has no such <graphics>");
}

TEST(DeviceEdit, RefusesWhatADefinitionCannotHave) {
    EXPECT_THAT(refusal(hvm(), "<tpm model='x'/>", add),
                HasSubstr("line 1: element <tpm> is not supported in <devices>; allowed here: "));
    EXPECT_THAT(refusal(hvm(), "\n<sound model='organ'/>", add),
                HasSubstr("line 2: Invalid value for attribute 'model' in element 'sound': 'organ'"));
    EXPECT_THAT(refusal(hvm("<sound model='ac97'/>"), "<sound model='sb16'/>", add), HasSubstr("<sound>"));
    EXPECT_THAT(refusal(definition_of(Sample{}), "<sound model='ac97'/>", add), HasSubstr("sound"));
    EXPECT_THAT(refusal(hvm(), "<sound/></devices><on_reboot>", add), HasSubstr("invalid XML"));
}

}  // namespace
}  // namespace virtlight::domain
