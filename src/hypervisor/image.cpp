// SPDX-License-Identifier: LGPL-2.1-or-later
#include "hypervisor/image.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>

#include "base/limits.hpp"
#include "domain/xml.hpp"

namespace virtlight::hypervisor {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t version = 2;

/// libvirt's head, in the byte order of the host; the XML with a zero behind it follows.
struct RawHead {
    std::array<char, 16> magic;
    std::uint32_t version;
    std::uint32_t xml_bytes;
    std::uint32_t paused;        ///< ours: libvirt leaves this and what follows at zero, and does not read it
    std::uint32_t vcpus_online;  ///< ours as well
    std::array<std::uint32_t, 8> unused;
};
static_assert(sizeof(RawHead) == 64);

constexpr std::array<char, 16> our_magic = {'l', 'i', 'b', 'v',  'i', 'r',  't', '-',
                                            'x', 'm', 'l', '\n', ' ', '\0', ' ', '\r'};

/// xl's head, in the byte order of the host; `more_bytes` follow: the length of a text, and the text.
struct XlHead {
    std::array<char, 32> magic;
    std::uint32_t byte_order;
    std::uint32_t needs;  ///< flags of what a reader must understand
    std::uint32_t has;
    std::uint32_t more_bytes;
};
static_assert(sizeof(XlHead) == 48);

constexpr std::string_view magic_of_xl("Xen saved domain, xl format\n \0 \r", 32);
constexpr std::uint32_t same_byte_order = 0x01020304;
constexpr std::uint32_t needs_json = 1;
constexpr std::uint32_t needs_stream_2 = 2;

std::unexpected<Error> damaged(const fs::path& path, std::string_view why) {
    return fail(Reason::invalid_argument, "'{}' cannot be restored: {}", path.string(), why);
}

Result<RawHead> check_head(const std::string& bytes, const fs::path& path) {
    RawHead head{};
    if (bytes.size() < sizeof head) return damaged(path, "image magic is incorrect: it is too short");
    std::memcpy(&head, bytes.data(), sizeof head);
    if (head.magic != our_magic) return damaged(path, "image magic is incorrect");
    if (head.version != version)
        return damaged(path, fmt::format("image version is not supported ({} > {})", head.version, version));
    if (head.xml_bytes == 0 || head.xml_bytes > limits::image_xml_bytes)
        return damaged(path, fmt::format("invalid XML length: {}", head.xml_bytes));
    return head;
}

struct XlWords {
    std::string head;    ///< all of it
    std::string config;  ///< what it says of its guest
};

/// Of an image of xl's, of whose head `start` has been read.
Result<XlWords> read_xl_words(int fd, std::string start, const fs::path& path) {
    XlHead head{};
    std::uint32_t length = 0;
    static_assert(sizeof head + sizeof length <= sizeof(RawHead));
    if (start.size() < sizeof(RawHead)) return damaged(path, "it ends in xl's head");
    std::memcpy(&head, start.data(), sizeof head);
    std::memcpy(&length, start.data() + sizeof head, sizeof length);
    if (head.byte_order != same_byte_order)
        return damaged(path, "it is of a machine with another byte order");
    if (head.needs != (needs_json | needs_stream_2))
        return damaged(path, fmt::format("it is of another version of xl (flags 0x{:x})", head.needs));
    if (head.more_bytes < sizeof length || head.more_bytes > limits::image_xl_bytes ||
        length > head.more_bytes - sizeof length || sizeof head + head.more_bytes < sizeof(RawHead))
        return damaged(path, fmt::format("it is damaged in xl's head, which is said to have {} bytes more",
                                         head.more_bytes));
    const auto rest = read_up_to(fd, sizeof head + head.more_bytes - start.size(), path);
    if (!rest) return std::unexpected(rest.error());
    start += *rest;
    if (start.size() < sizeof head + head.more_bytes)
        return damaged(path, fmt::format("it ends in xl's head, after {} bytes", start.size()));
    auto config = start.substr(sizeof head + sizeof length, length);
    return XlWords{std::move(start), std::move(config)};
}

}  // namespace

ImageHead redefined(ImageHead head, domain::Definition definition) {
    const auto has = head.definition.vcpus;
    const auto wanted = definition.vcpus;
    head.definition = std::move(definition);
    if (head.definition.type != domain::GuestType::hvm || wanted == has) return head;
    head.definition.vcpus = has;
    head.vcpus_online = wanted;
    return head;
}

std::string format_image_head(const ImageHead& head) {
    auto definition = head.definition;
    for (auto& console : definition.consoles)
        console.tty.clear();
    const auto xml = domain::format_xml(definition);
    const RawHead raw{.magic = our_magic,
                      .version = version,
                      .xml_bytes = static_cast<std::uint32_t>(xml.size() + 1),
                      .paused = head.paused ? 1U : 0U,
                      .vcpus_online = head.vcpus_online,
                      .unused = {}};
    std::string bytes(sizeof raw, '\0');
    std::memcpy(bytes.data(), &raw, sizeof raw);
    bytes.append(xml).push_back('\0');
    return bytes;
}

namespace {

/// An image of which the head has been read, but not understood.
struct FoundImage {
    OpenImage image;
    std::string xml{};
};

Result<FoundImage> find_image(const fs::path& path) {
    Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat status{};
    if (!file || ::fstat(file.get(), &status) != 0)
        return fail_errno(errno, "cannot open '{}'", path.string());
    if (!S_ISREG(status.st_mode)) return damaged(path, "it is no regular file");

    const auto start = read_up_to(file.get(), sizeof(RawHead), path);
    if (!start) return std::unexpected(start.error());
    if (start->starts_with(magic_of_xl)) {
        auto words = read_xl_words(file.get(), *start, path);
        if (!words) return std::unexpected(std::move(words.error()));
        const auto begin = words->head.size();
        return FoundImage{{.head = {.bytes = std::move(words->head)},
                           .file = std::move(file),
                           .stream_bytes = static_cast<std::uint64_t>(status.st_size) - begin,
                           .xl_config = std::move(words->config)}};
    }
    const auto raw = check_head(*start, path);
    if (!raw) return std::unexpected(raw.error());
    auto xml = read_up_to(file.get(), raw->xml_bytes, path);
    if (!xml) return std::unexpected(xml.error());
    if (xml->size() < raw->xml_bytes || xml->back() != '\0')
        return damaged(
            path, fmt::format("it is damaged in its XML, after {} bytes", sizeof(RawHead) + xml->size()));
    auto bytes = *start + *xml;
    const auto begin = bytes.size();
    xml->resize(xml->find('\0'));
    return FoundImage{
        {.head = {.paused = raw->paused != 0, .vcpus_online = raw->vcpus_online, .bytes = std::move(bytes)},
         .file = std::move(file),
         .stream_bytes = static_cast<std::uint64_t>(status.st_size) - begin},
        std::move(*xml)};
}

}  // namespace

Result<OpenImage> open_image(const fs::path& path) {
    auto found = find_image(path);
    if (!found) return std::unexpected(std::move(found.error()));
    if (found->image.xl_config.empty()) {
        auto definition = domain::parse_xml(found->xml);
        if (!definition)
            return std::unexpected(
                Error{definition.error().reason,
                      fmt::format("the XML in '{}': {}", path.string(), definition.error().message)});
        found->image.head.definition = std::move(*definition);
        if (found->image.head.vcpus_online > found->image.head.definition.vcpus_max)
            return damaged(
                path, fmt::format("its head wants {} vCPUs online, and its guest has {}",
                                  found->image.head.vcpus_online, found->image.head.definition.vcpus_max));
    }
    return std::move(found->image);
}

Result<OpenImage> open_image_stream(const KnownImage& image) {
    auto found = find_image(image.path);
    if (!found) return std::unexpected(std::move(found.error()));
    if (found->image.head.bytes != image.head)
        return fail(Reason::invalid_state,
                    "'{}' has been replaced meanwhile: its head is not the one that was read before",
                    image.path.string());
    return std::move(found->image);
}

Result<> read_from_image(const OpenImage& image, std::span<char> bytes) {
    const auto got = read_up_to(image.file.get(), bytes.size(), "the image");
    if (!got) return std::unexpected(got.error());
    if (got->size() < bytes.size())
        return fail(Reason::invalid_argument, "the image is damaged: it ends after {} bytes of its stream",
                    image.stream_bytes);
    std::ranges::copy(*got, bytes.begin());
    return {};
}

}  // namespace virtlight::hypervisor
