// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/device_edit.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "domain/sample.hpp"

namespace virtlight::domain::device_edit_test {
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

TEST(DeviceEdit, TakesAwayWhatIsDescribedAsAGuestThatRunsHasIt) {
    EXPECT_FALSE(edited(hvm(vnc), "<graphics type='vnc' port='5901' autoport='yes'/>", remove).graphics.vnc);
    const std::string spice = "<graphics type='spice' autoport='yes'/>";
    const auto taken = "<graphics type='spice' port='61000' autoport='yes'/>";
    EXPECT_FALSE(edited(hvm(spice), taken, remove).graphics.spice);
    const std::string serial = "<serial type='pty'/>";
    const auto second =
        "<serial type='pty'><source path='/dev/pts/4'/><target port='1'/><alias name='serial1'/></serial>";
    EXPECT_EQ(edited(hvm(serial + serial), second, remove).consoles.size(), 1u);
    const auto guest = hvm(serial +
                           "<console type='pty'><target type='xen'/></console>"
                           "<channel type='pty'><target type='xen' name='agent'/></channel>");
    const auto console =
        "<console type='pty' tty='/dev/pts/5'><source path='/dev/pts/5'/>"
        "<target type='xen' port='0'/></console>";
    EXPECT_EQ(edited(guest, console, remove).consoles.front().target, Console::Target::serial);
    const auto channel =
        "<channel type='pty'><source path='/dev/pts/6'/><target type='xen' name='agent'/>"
        "</channel>";
    EXPECT_EQ(edited(guest, channel, remove).consoles.size(), 2u);
}

TEST(DeviceEdit, TakesAwayTheFirstSerialPortWithTheConsoleThatItIs) {
    const auto guest = hvm("<serial type='pty'/>");
    for (const auto* xml : {"<serial type='pty'/>", "<serial type='pty'><target port='0'/></serial>",
                            "<console type='pty'><target type='serial' port='0'/></console>"})
        EXPECT_THAT(edited(guest, xml, remove).consoles, ElementsAre()) << xml;
}

TEST(DeviceEdit, SaysSoWhereItWouldChangeNothing) {
    const auto plain = definition_of(Sample{});
    const auto shown = definition_of(Sample{.devices = vnc});
    const auto mouse = "<input type='mouse' bus='xen'/>";
    for (const auto& guest : {plain, shown})
        EXPECT_EQ(refusal(guest, mouse, add),
                  "operation failed: <input> would change nothing: such a guest has it already, or not by "
                  "itself; a mouse and a keyboard come and go with <graphics>");
    EXPECT_EQ(refusal(shown, mouse, remove),
              "operation failed: the <input> is one that such a guest has anyway; a mouse and a keyboard "
              "come and go with <graphics>");
    EXPECT_THAT(refusal(hvm(vnc), "<input type='keyboard' bus='ps2'/>", remove), HasSubstr("has anyway"));
    EXPECT_THAT(refusal(plain, "<console type='pty'/>", remove), HasSubstr("has anyway"));
    EXPECT_THAT(refusal(plain, "<memballoon model='xen'/>", remove), HasSubstr("has anyway"));

    const auto named = "<input type='mouse' bus='xen'><alias name='ua-m'/></input>";
    const auto with_name = edited(shown, named, add);
    EXPECT_EQ(with_name.aliases.size(), 1u);
    EXPECT_THAT(refusal(with_name, named, remove), HasSubstr("has anyway"));
}

TEST(DeviceEdit, TakesAwayNothingThatIsElsewhere) {
    EXPECT_EQ(refusal(hvm(vnc), "<graphics type='vnc' port='5901' autoport='no'/>", remove),
              "no such device: the definition has no such <graphics>");
    EXPECT_EQ(refusal(hvm("<graphics type='vnc' port='5902'/>"),
                      "<graphics type='vnc' port='5901' autoport='yes'/>", remove),
              "no such device: the definition has no such <graphics>");
    const auto channel = [](const std::string& path) {
        return "<channel type='unix'><source mode='bind' path='" + path +
               "'/><target type='xen' name='agent'/></channel>";
    };
    EXPECT_EQ(refusal(hvm(channel("/run/one")), channel("/run/other"), remove),
              "no such device: the definition has no such <channel>");
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
}  // namespace virtlight::domain::device_edit_test
