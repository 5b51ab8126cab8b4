// SPDX-License-Identifier: LGPL-2.1-or-later
#include "hypervisor/image.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.hpp"
#include "base/log.hpp"
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
    const auto rest = read_some(fd, sizeof head + head.more_bytes - start.size(), path);
    if (!rest) return std::unexpected(rest.error());
    start += *rest;
    if (start.size() < sizeof head + head.more_bytes)
        return damaged(path, fmt::format("it ends in xl's head, after {} bytes", start.size()));
    auto config = start.substr(sizeof head + sizeof length, length);
    return XlWords{std::move(start), std::move(config)};
}

/// A file or nothing: renaming an image over a device would take the device away.
Result<> check_place(const fs::path& path) {
    struct stat there{};
    if (!path.is_absolute()) return fail(Reason::invalid_argument, "'{}' is no absolute path", path.string());
    if (::stat(path.c_str(), &there) == 0 && !S_ISREG(there.st_mode))
        return fail(Reason::invalid_argument, "'{}' is there and is no regular file", path.string());
    return {};
}

/// Under this very name, whatever it is; else errno says why not.
bool has_something(const fs::path& path) {
    struct stat there{};
    return ::lstat(path.c_str(), &there) == 0;
}

/// Whether the file has this name: it may have been removed, renamed or replaced since it was opened.
bool has_name(const Fd& file, const fs::path& path) {
    struct stat ours{};
    struct stat named{};
    return ::fstat(file.get(), &ours) == 0 && ::stat(path.c_str(), &named) == 0 &&
           ours.st_dev == named.st_dev && ours.st_ino == named.st_ino && S_ISREG(ours.st_mode);
}

constexpr mode_t owner_only = 0600;

Fd open_to_write(const fs::path& path, int how) {
    return Fd(
        ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | how, owner_only));
}

/// Whether nobody else can have it open, or finds it by another name: a guest's memory goes there.
bool is_ours_alone(const Fd& file) {
    struct stat status{};
    return ::fstat(file.get(), &status) == 0 && S_ISREG(status.st_mode) && status.st_uid == ::geteuid() &&
           status.st_nlink <= 1;
}

/// Opens what a killed daemon may have left, or creates it. What somebody else has put there is removed.
Fd open_or_replace(const fs::path& path) {
    auto file = open_to_write(path, 0);
    const bool others = file ? !is_ours_alone(file) : errno == ELOOP || errno == ENXIO || errno == EACCES;
    if (!others) return file;
    ::unlink(path.c_str());
    return open_to_write(path, O_EXCL);
}

/// Opens the file for us alone.
Result<Fd> open_temporary(const fs::path& path) {
    auto file = open_or_replace(path);
    if (!file) return fail_errno(errno, "cannot create '{}'", path.string());
    // Children of libxl's would hold the lock on.
    file.keep_from_children();
    // The one who had it may have given it its final name since it was opened.
    if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0 || !has_name(file, path))
        return fail(Reason::too_many, "'{}' is being written by another save", path.string());
    if (::fchmod(file.get(), owner_only) != 0 || ::ftruncate(file.get(), 0) != 0)
        return fail_errno(errno, "cannot empty '{}'", path.string());
    return file;
}

/// Whether the file system has no such call. Whatever else it says is of what was written, may be said once
/// only, and each file system has its own words for that.
bool knows_no_such_call(int error) {
    return error == ENOSYS || error == EOPNOTSUPP || error == EINVAL || error == ESPIPE;
}

/// What a file system says of room that it has not; one that only cannot take it beforehand says something
/// else.
bool is_of_room(int error) {
    return error == EIO || error == ENOSPC || error == EDQUOT || error == EFBIG;
}

Error given_up() {
    return {Reason::cancelled, "the image is not wanted any more"};
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

    const auto start = read_some(file.get(), sizeof(RawHead), path);
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
    auto xml = read_some(file.get(), raw->xml_bytes, path);
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

constexpr auto write_and_wait =
    SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;

bool leave_cache(const Fd& file) {
    const bool written =
        ::sync_file_range(file.get(), 0, 0, write_and_wait) == 0 || knows_no_such_call(errno);
    const int error = errno;
    ::posix_fadvise(file.get(), 0, 0, POSIX_FADV_DONTNEED);
    errno = error;
    return written;
}

Result<> read_from_image(const OpenImage& image, std::span<char> bytes) {
    const auto got = read_some(image.file.get(), bytes.size(), "the image");
    if (!got) return std::unexpected(got.error());
    if (got->size() < bytes.size())
        return fail(Reason::invalid_argument, "the image is damaged: it ends after {} bytes of its stream",
                    image.stream_bytes);
    std::ranges::copy(*got, bytes.begin());
    return {};
}

Result<ImageWriter> ImageWriter::create(const fs::path& path, const ImageHead& head) {
    auto writer = create(path);
    if (!writer) return writer;
    if (auto written = writer->write(format_image_head(head)); !written)
        return std::unexpected(written.error());
    return writer;
}

Result<ImageWriter> ImageWriter::create(const fs::path& path) {
    if (auto good = check_place(path); !good) return std::unexpected(good.error());
    auto temporary = path;
    temporary += unfinished_suffix;
    auto file = open_temporary(temporary);
    if (!file) return std::unexpected(file.error());
    ImageWriter writer(path, std::move(temporary), std::move(*file));
    writer.is_new_ = !has_something(path) && errno == ENOENT;
    return writer;
}

ImageWriter::ImageWriter(fs::path path, fs::path temporary, Fd file)
    : path_(std::move(path)), temporary_(std::move(temporary)), file_(std::move(file)) {}

ImageWriter::~ImageWriter() {
    if (file_ && has_name(file_, temporary_)) ::unlink(temporary_.c_str());
}

Result<> ImageWriter::reserve(std::uint64_t bytes) {
    const auto end = static_cast<off_t>(written_ + bytes);
    reserved_ = ::fallocate(file_.get(), FALLOC_FL_KEEP_SIZE, 0, end) == 0;
    if (reserved_ || !is_of_room(errno)) return {};
    return fail_errno(errno, "cannot make room for {} MiB in '{}'", bytes / 1024 / 1024,
                      path_.parent_path().string());
}

Result<> ImageWriter::write(std::string_view bytes) {
    if (auto written = write_all(file_.get(), bytes, path_); !written) return written;
    written_ += bytes.size();
    in_cache_ += bytes.size();
    if (!bypasses_cache_) return write_back();
    if (in_cache_ < limits::image_cached) return {};
    in_cache_ = 0;
    if (!leave_cache(file_)) return fail_errno(errno, "cannot write '{}'", path_.string());
    return {};
}

/// Has the disk begin with what was written, and waits for what it was told of long ago: so what is left for
/// the sync is bounded. That a write came to nothing is told once, here or there.
Result<> ImageWriter::write_back() {
    constexpr auto step = limits::image_writeback;
    const auto has_written = [this](std::uint64_t at, unsigned how) {
        return ::sync_file_range(file_.get(), static_cast<off_t>(at), step, how) == 0 ||
               knows_no_such_call(errno);
    };
    for (; written_ - told_ >= step; told_ += step) {
        bool good = has_written(told_, SYNC_FILE_RANGE_WRITE);
        if (good && told_ >= limits::image_unwritten)
            good = has_written(told_ - limits::image_unwritten, write_and_wait);
        if (!good) return fail_errno(errno, "cannot write '{}'", path_.string());
    }
    return {};
}

/// Syncs what was written, and opens its folder while what was there before still is.
Result<Fd> ImageWriter::finish() {
    const auto parent = path_.parent_path();
    Fd folder(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder) return fail_errno(errno, "cannot sync folder '{}'", parent.string());
    // What was reserved and not needed is freed, which is no reason to lose an image.
    if (reserved_ && ::ftruncate(file_.get(), static_cast<off_t>(written_)) != 0)
        log::warning("'{}' has taken more room than it needs: {}", path_.string(), errno_text(errno));
    if (::fsync(file_.get()) != 0) return fail_errno(errno, "cannot sync '{}'", temporary_.string());
    if (bypasses_cache_ && !leave_cache(file_))
        return fail_errno(errno, "cannot sync '{}'", temporary_.string());
    return folder;
}

Result<> ImageWriter::take_name() {
    if (!has_name(file_, temporary_))
        return fail(Reason::invalid_state, "'{}' has been removed or replaced meanwhile",
                    temporary_.string());
    // Writing takes long: what somebody has made meanwhile may be the disk of a guest.
    if (is_new_ && has_something(path_))
        return fail(Reason::invalid_state, "'{}' has been made by somebody else meanwhile", path_.string());
    if (exchange_names()) return {};
    if (::rename(temporary_.c_str(), path_.c_str()) != 0)
        return fail_errno(errno, "cannot rename '{}' to '{}'", temporary_.string(), path_.string());
    return {};
}

/// Where the file system can do that, what was there before has the other name until it is certain that this
/// one stays. It is locked, as the next writer takes what has that name for his own.
bool ImageWriter::exchange_names() {
    Fd former(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (!former || ::flock(former.get(), LOCK_EX | LOCK_NB) != 0) return false;
    if (::renameat2(AT_FDCWD, temporary_.c_str(), AT_FDCWD, path_.c_str(), RENAME_EXCHANGE) != 0)
        return false;
    former_ = std::move(former);
    return true;
}

/// It stays.
void ImageWriter::drop_former() {
    if (former_ && has_name(former_, temporary_)) ::unlink(temporary_.c_str());
    former_.reset();
}

/// What was there before is there again, if it has been kept; else nothing is.
void ImageWriter::give_name_back() {
    if (!has_name(file_, path_)) return;
    const bool kept =
        former_ && has_name(former_, temporary_) &&
        ::renameat2(AT_FDCWD, temporary_.c_str(), AT_FDCWD, path_.c_str(), RENAME_EXCHANGE) == 0;
    ::unlink(kept ? temporary_.c_str() : path_.c_str());
    former_.reset();
}

bool ImageWriter::settle(Fate fate) const {
    auto open = Fate::open;
    return fate_->compare_exchange_strong(open, fate);
}

bool ImageWriter::give_up() const {
    return settle(Fate::given_up);
}

Result<> ImageWriter::commit() {
    const auto folder = finish();
    if (!folder) return std::unexpected(folder.error());
    if (*fate_ == Fate::given_up) return std::unexpected(given_up());
    if (auto named = take_name(); !named) return named;
    Result<> synced;
    if (::fsync(folder->get()) != 0)
        synced = fail_errno(errno, "cannot sync folder '{}'", path_.parent_path().string());
    if (synced && !settle(Fate::committed)) synced = std::unexpected(given_up());
    // Its guest goes on: an image that nobody was told of would soon be an old one.
    if (synced)
        drop_former();
    else
        give_name_back();
    file_.reset();
    return synced;
}

Result<> ImageWriter::replace(const Fd& former, const std::atomic<bool>& stop) {
    const auto folder = finish();
    if (!folder) return std::unexpected(folder.error());
    if (stop) return fail(Reason::cancelled, "cancelled");
    // What was saved of a guest that runs by now must not come back.
    if (!has_name(former, path_))
        return fail(Reason::invalid_state, "'{}' has been removed or replaced meanwhile", path_.string());
    if (auto named = take_name(); !named) return named;
    if (::fsync(folder->get()) != 0)
        log::warning("a power cut may undo the change of '{}': {}", path_.string(), errno_text(errno));
    drop_former();
    file_.reset();
    return {};
}

Result<> rewrite_image(const KnownImage& known, const ImageHead& head, const std::atomic<bool>& stop,
                       std::atomic<std::uint64_t>* copied) {
    const auto& path = known.path;
    const auto image = open_image_stream(known);
    if (!image) return std::unexpected(image.error());
    auto writer = ImageWriter::create(path, head);
    if (!writer) return std::unexpected(std::move(writer.error()));
    for (auto left = image->stream_bytes; left > 0;) {
        if (stop) return fail(Reason::cancelled, "cancelled");
        const auto part =
            read_some(image->file.get(), std::min<std::uint64_t>(left, limits::image_chunk), path);
        if (!part) return std::unexpected(part.error());
        if (part->empty()) return damaged(path, fmt::format("it has lost its last {} bytes", left));
        if (auto written = writer->write(*part); !written) return written;
        left -= part->size();
        if (copied) *copied += part->size();
    }
    return writer->replace(image->file, stop);
}

}  // namespace virtlight::hypervisor
