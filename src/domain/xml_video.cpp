// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/memory.hpp"
#include "domain/video.hpp"
#include "domain/xml_parts.hpp"
#include "domain/xml_values.hpp"

namespace virtlight::domain {
namespace {

using VideoModel = Video::Model;

constexpr Word<VideoModel> video_models[] = {{"none", VideoModel::none},
                                             {"cirrus", VideoModel::cirrus},
                                             {"vga", VideoModel::vga},
                                             {"qxl", VideoModel::qxl},
                                             {"xen", VideoModel::xen}};
constexpr std::string_view own_name_of_video = "video0";

/// In KiB, rounded up to whole MiB, as the device model counts.
std::uint64_t read_vram(const XmlElement& model, VideoModel meant) {
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

void read_video(const XmlElement& devices, Definition& definition) {
    definition.video = default_video(definition.type, definition.graphics);
    const auto videos = devices.children("video");
    if (videos.empty()) return;
    if (videos.size() > 1) videos[1].unsupported("a guest has one <video>");
    const auto& video = videos.front();
    const auto model = video.child("model");
    const auto otherwise = definition.type == GuestType::hvm ? VideoModel::cirrus : VideoModel::xen;
    const auto meant = attribute_choice(model, "type", video_models, otherwise);
    definition.video = {meant, meant == VideoModel::none ? 0 : read_vram(model, meant)};
    if (meant == VideoModel::qxl) expect_ram(model, definition.video);
    expect_attribute(model, "heads", "1");
    expect_attribute(model, "primary", "yes");
    read_alias(video, own_name_of_video, definition);
    if (const auto good = check_video(definition.video, definition.graphics, definition.type); !good)
        video.unsupported("{}", good.error().message);
}

void write_video(XmlWriter& writer, const Definition& definition, Shape) {
    const auto& [model, vram_kib] = definition.video;
    if (model == VideoModel::none && !definition.graphics.any() && !has_alias(definition, own_name_of_video))
        return;
    const auto video = writer.element("video");
    write_alias(writer, definition, own_name_of_video);
    auto element = writer.element("model");
    element.attribute("type", word_for(model, video_models));
    if (model == VideoModel::none) return;
    element.attribute("vram", vram_kib).attribute("heads", "1").attribute("primary", "yes");
}

}  // namespace

constinit const XmlPart video_part{read_video, write_video};

}  // namespace virtlight::domain
