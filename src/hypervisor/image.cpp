// SPDX-License-Identifier: LGPL-2.1-or-later
#include "hypervisor/image.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

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
    std::uint32_t paused;  ///< ours: libvirt leaves this and what follows at zero, and does not read it
    std::array<std::uint32_t, 9> unused;
};
static_assert(sizeof(RawHead) == 64);

constexpr std::array<char, 16> our_magic = {'l', 'i', 'b', 'v',  'i', 'r',  't', '-',
                                            'x', 'm', 'l', '\n', ' ', '\0', ' ', '\r'};
constexpr std::string_view magic_of_xl = "Xen saved domain";

std::unexpected<Error> damaged(const fs::path& path, std::string_view why) {
    return fail(Reason::invalid_argument, "'{}' cannot be restored: {}", path.string(), why);
}

/// What is there of `size` bytes.
Result<std::string> read_some(int fd, std::size_t size, const fs::path& path) {
    std::string bytes(size, '\0');
    std::size_t got = 0;
    while (got < size) {
        const auto n = ::read(fd, bytes.data() + got, size - got);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return fail_errno(errno, "cannot read '{}'", path.string());
        if (n == 0) break;
        got += static_cast<std::size_t>(n);
    }
    bytes.resize(got);
    return bytes;
}

Result<RawHead> check_head(const std::string& bytes, const fs::path& path) {
    if (bytes.starts_with(magic_of_xl)) return damaged(path, "it was made by xl; `xl restore` takes it");
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

/// A file or nothing: renaming an image over a device would take the device away.
Result<> check_place(const fs::path& path) {
    struct stat there{};
    if (!path.is_absolute()) return fail(Reason::invalid_argument, "'{}' is no absolute path", path.string());
    if (::stat(path.c_str(), &there) == 0 && !S_ISREG(there.st_mode))
        return fail(Reason::invalid_argument, "'{}' is there and is no regular file", path.string());
    return {};
}

/// Opens the file for us alone.
Result<Fd> open_temporary(const fs::path& path) {
    constexpr mode_t owner_only = 0600;
    Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, owner_only));
    if (!file) return fail_errno(errno, "cannot create '{}'", path.string());
    struct stat ours{};
    struct stat named{};
    // The one who had it may have given it its final name since it was opened.
    if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0 || ::fstat(file.get(), &ours) != 0 ||
        ::stat(path.c_str(), &named) != 0 || ours.st_ino != named.st_ino || !S_ISREG(ours.st_mode))
        return fail(Reason::too_many, "'{}' is being written by another save", path.string());
    if (::ftruncate(file.get(), 0) != 0) return fail_errno(errno, "cannot empty '{}'", path.string());
    return file;
}

}  // namespace

std::string format_image_head(const ImageHead& head) {
    auto definition = head.definition;
    for (auto& console : definition.consoles)
        console.tty.clear();
    const auto xml = domain::format_xml(definition);
    const RawHead raw{.magic = our_magic,
                      .version = version,
                      .xml_bytes = static_cast<std::uint32_t>(xml.size() + 1),
                      .paused = head.paused ? 1U : 0U,
                      .unused = {}};
    std::string bytes(sizeof raw, '\0');
    std::memcpy(bytes.data(), &raw, sizeof raw);
    bytes.append(xml).push_back('\0');
    return bytes;
}

Result<OpenImage> open_image(const fs::path& path) {
    Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat status{};
    if (!file || ::fstat(file.get(), &status) != 0)
        return fail_errno(errno, "cannot open '{}'", path.string());
    if (!S_ISREG(status.st_mode)) return damaged(path, "it is no regular file");

    const auto start = read_some(file.get(), sizeof(RawHead), path);
    if (!start) return std::unexpected(start.error());
    const auto raw = check_head(*start, path);
    if (!raw) return std::unexpected(raw.error());
    auto xml = read_some(file.get(), raw->xml_bytes, path);
    if (!xml) return std::unexpected(xml.error());
    if (xml->size() < raw->xml_bytes || xml->back() != '\0')
        return damaged(
            path, fmt::format("it is damaged in its XML, after {} bytes", sizeof(RawHead) + xml->size()));
    xml->resize(xml->find('\0'));
    auto definition = domain::parse_xml(*xml);
    if (!definition)
        return std::unexpected(
            Error{definition.error().reason,
                  fmt::format("the XML in '{}': {}", path.string(), definition.error().message)});
    const auto head_bytes = sizeof(RawHead) + raw->xml_bytes;
    return OpenImage{.head = {std::move(*definition), raw->paused != 0},
                     .file = std::move(file),
                     .stream_bytes = static_cast<std::uint64_t>(status.st_size) - head_bytes};
}

Result<> read_from_image(const OpenImage& image, std::span<char> bytes) {
    const auto name = fmt::format("the image of domain '{}'", image.head.definition.name);
    const auto got = read_some(image.file.get(), bytes.size(), name);
    if (!got) return std::unexpected(got.error());
    if (got->size() < bytes.size())
        return fail(Reason::invalid_argument, "{} is damaged: it ends after {} bytes of its stream", name,
                    image.stream_bytes);
    std::ranges::copy(*got, bytes.begin());
    return {};
}

Result<ImageWriter> ImageWriter::create(const fs::path& path, const ImageHead& head) {
    if (auto good = check_place(path); !good) return std::unexpected(good.error());
    auto temporary = path;
    temporary += ".new";
    auto file = open_temporary(temporary);
    if (!file) return std::unexpected(file.error());
    ImageWriter writer(path, std::move(temporary), std::move(*file));
    if (auto written = writer.write(format_image_head(head)); !written)
        return std::unexpected(written.error());
    return writer;
}

ImageWriter::ImageWriter(fs::path path, fs::path temporary, Fd file)
    : path_(std::move(path)), temporary_(std::move(temporary)), file_(std::move(file)) {}

ImageWriter::~ImageWriter() {
    if (file_) ::unlink(temporary_.c_str());
}

Result<> ImageWriter::write(std::string_view bytes) {
    return write_all(file_.get(), bytes, path_);
}

Result<> ImageWriter::commit() {
    if (::fsync(file_.get()) != 0) return fail_errno(errno, "cannot sync '{}'", temporary_.string());
    if (::rename(temporary_.c_str(), path_.c_str()) != 0)
        return fail_errno(errno, "cannot rename '{}' to '{}'", temporary_.string(), path_.string());
    file_.reset();
    auto synced = sync_folder(path_.parent_path());
    // Its guest goes on: an image that nobody was told of would soon be an old one.
    if (!synced) ::unlink(path_.c_str());
    return synced;
}

}  // namespace virtlight::hypervisor
