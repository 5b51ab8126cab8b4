// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/memory.hpp"
#include "domain/video.hpp"
#include "domain/xml_parts.hpp"
#include "domain/xml_values.hpp"

namespace virtlight::domain {
namespace {

using Model = Video::Model;

constexpr Word<Model> models[] = {{"none", Model::none},
                                  {"cirrus", Model::cirrus},
                                  {"vga", Model::vga},
                                  {"qxl", Model::qxl},
                                  {"xen", Model::xen}};
constexpr std::string_view own_name = "video0";

/// In KiB, rounded up to whole MiB, as the device model counts.
std::uint64_t read_vram(const XmlElement& model, Model meant) {
    const auto text = model.attribute("vram");
    if (!text) return least_vram_kib(meant);
    const auto kib = parse_number<std::uint32_t>(*text);
    if (!kib)
        model.invalid("attribute 'vram' of <model> must be a whole number of KiB, not '{}'", shown(*text));
    return (kib.value_or(0) + mib - 1) / mib * mib;
}

/// libxl gives half of a qxl's memory to its 'ram', which libvirt writes down beside the whole.
void expect_ram(const XmlElement& model, const Video& video) {
    const auto text = model.attribute("ram");
    if (!text) return;
    const auto kib = parse_number<std::uint32_t>(*text);
    if (!kib)
        model.invalid("attribute 'ram' of <model> must be a whole number of KiB, not '{}'", shown(*text));
    else if (*kib > video.vram_kib / 2)
        model.unsupported("the 'ram' of a qxl is half of its 'vram', {} KiB, and cannot be {}",
                          video.vram_kib / 2, *kib);
}

void read(const XmlElement& devices, Definition& definition) {
    definition.video = default_video(definition.type, definition.graphics);
    const auto videos = devices.children("video");
    if (videos.empty()) return;
    if (videos.size() > 1) videos[1].unsupported("a guest has one <video>");
    const auto& video = videos.front();
    const auto model = video.child("model");
    const auto otherwise = definition.type == GuestType::hvm ? Model::cirrus : Model::xen;
    const auto meant = attribute_choice(model, "type", models, otherwise);
    definition.video = {meant, meant == Model::none ? 0 : read_vram(model, meant)};
    if (meant == Model::qxl) expect_ram(model, definition.video);
    expect_attribute(model, "heads", "1");
    expect_attribute(model, "primary", "yes");
    read_alias(video, own_name, definition);
    if (const auto good = check_video(definition.video, definition.graphics, definition.type); !good)
        video.unsupported("{}", good.error().message);
}

void write(XmlWriter& writer, const Definition& definition, Shape) {
    const auto& [model, vram_kib] = definition.video;
    if (model == Model::none && !definition.graphics.any() && !has_alias(definition, own_name)) return;
    const auto video = writer.element("video");
    write_alias(writer, definition, own_name);
    auto element = writer.element("model");
    element.attribute("type", word_for(model, models));
    if (model == Model::none) return;
    element.attribute("vram", vram_kib).attribute("heads", "1").attribute("primary", "yes");
}

}  // namespace

constinit const XmlPart video_part{read, write};

}  // namespace virtlight::domain
