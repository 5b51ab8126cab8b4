// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/limits.hpp"
#include "domain/memory.hpp"
#include "domain/xl_cfg_values.hpp"

// An HVM guest's display adapter, and the input devices and the sound card that its device model makes.

namespace virtlight::domain {
namespace {

constexpr std::uint64_t most_video_mib = 1 << 20;

constexpr Word<Video::Model> xl_video_models[] = {{"none", Video::Model::none},
                                                  {"cirrus", Video::Model::cirrus},
                                                  {"stdvga", Video::Model::vga},
                                                  {"qxl", Video::Model::qxl}};
constexpr Word<Input> xl_inputs[] = {
    {"tablet", Input::tablet}, {"mouse", Input::mouse}, {"keyboard", Input::keyboard}};
constexpr Word<SoundModel> xl_sounds[] = {{"sb16", SoundModel::sb16},
                                          {"es1370", SoundModel::es1370},
                                          {"ac97", SoundModel::ac97},
                                          {"hda", SoundModel::ich6}};

bool is_hvm(const XlAt& at, const Definition& definition) {
    const bool hvm = definition.type == GuestType::hvm;
    if (!hvm && !at.says_nothing()) at.unsupported("'{}' is of HVM guests", at.key());
    return hvm;
}

void set_model(Video::Model model, Definition& definition) {
    definition.video = {model, least_vram_kib(model)};
}

void read_vga(const XlAt& at, Definition& definition) {
    if (is_hvm(at, definition))
        set_model(choice<Video::Model>(at, xl_video_models, Video::Model::cirrus), definition);
}
void write_vga(const Definition& definition, XlWriter& writer) {
    if (definition.type == GuestType::hvm)
        writer.text("vga", word_for<Video::Model>(definition.video.model, xl_video_models));
}

void read_stdvga(const XlAt& at, Definition& definition) {
    if (!is_hvm(at, definition) || at.sibling("vga")) return;  // which is what xl goes by then
    set_model(at.boolean() ? Video::Model::vga : Video::Model::cirrus, definition);
}

void read_videoram(const XlAt& at, Definition& definition) {
    if (!is_hvm(at, definition)) return;
    auto& video = definition.video;
    const auto vram_kib = at.number(most_video_mib) * mib;
    if (video.model == Video::Model::none) {
        if (vram_kib != 0) at.unsupported("'videoram' means nothing with 'vga' none");
        return;
    }
    video.vram_kib = vram_kib;
    if (const auto good = check_video(video, definition.graphics, definition.type); !good)
        at.unsupported("{}", good.error().message);
}
void write_videoram(const Definition& definition, XlWriter& writer) {
    const auto& [model, vram_kib] = definition.video;
    if (definition.type == GuestType::hvm && vram_kib != least_vram_kib(model))
        writer.number("videoram", vram_kib / mib);
}

/// What it asks for is so where no other option shows the screen.
void read_nographic(const XlAt& at, Definition& definition) {
    if (is_hvm(at, definition) && at.boolean() && definition.graphics.any())
        at.unsupported(
            "'nographic' means nothing beside 'vnc', which is on unless it is 0, 'sdl' or 'spice'");
}
void write_nographic(const Definition& definition, XlWriter& writer) {
    if (definition.type == GuestType::hvm && !definition.graphics.any()) writer.number("nographic", 1);
}

void read_usbdevice(const XlAt& at, Definition& definition) {
    if (!is_hvm(at, definition)) return;
    for (const auto& item : at.items()) {
        if (item.says_nothing()) continue;
        if (definition.usb_inputs.size() == limits::usb_inputs)
            return item.unsupported("'usbdevice' can name {} devices", limits::usb_inputs);
        definition.usb_inputs.push_back(choice<Input>(item, xl_inputs, Input::tablet));
    }
}
void write_usbdevice(const Definition& definition, XlWriter& writer) {
    std::vector<std::string> words;
    for (const auto input : definition.usb_inputs)
        words.emplace_back(word_for<Input>(input, xl_inputs));
    writer.texts("usbdevice", words);
}

void read_soundhw(const XlAt& at, Definition& definition) {
    if (is_hvm(at, definition) && !at.says_nothing())
        definition.sound = choice<SoundModel>(at, xl_sounds, SoundModel::ac97);
}
void write_soundhw(const Definition& definition, XlWriter& writer) {
    if (definition.sound) writer.text("soundhw", word_for<SoundModel>(*definition.sound, xl_sounds));
}

constexpr XlOption adapter_options[] = {
    {"vga", "`devices/video/model/@type`; stdvga is vga there", read_vga, write_vga},
    {"stdvga", "`devices/video/model/@type`", read_stdvga, nullptr, "vga"},
    {"videoram", "`devices/video/model/@vram`, of HVM guests", read_videoram, write_videoram},
    {"nographic", "no `devices/graphics`", read_nographic, write_nographic},
    {"usbdevice", "`devices/input` on bus usb", read_usbdevice, write_usbdevice},
    {"soundhw", "`devices/sound/@model`; sb16, es1370, ac97 and hda, which is ich6 there", read_soundhw,
     write_soundhw},
};

}  // namespace

constinit const XlOptions xl_adapter_options = adapter_options;

}  // namespace virtlight::domain
