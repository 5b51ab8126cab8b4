// SPDX-License-Identifier: LGPL-2.1-or-later
#include "hypervisor/image_writer.hpp"

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.hpp"
#include "base/log.hpp"
#include "hypervisor/page_cache.hpp"

namespace virtlight::hypervisor {
namespace {

namespace fs = std::filesystem;

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

/// What a file system says of room that it has not; one that only cannot take it beforehand says something
/// else.
bool is_of_room(int error) {
    return error == EIO || error == ENOSPC || error == EDQUOT || error == EFBIG;
}

Error given_up() {
    return {Reason::cancelled, "the image is not wanted any more"};
}

}  // namespace

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
    for (; written_ - told_ >= step; told_ += step) {
        bool good = begin_write_out(file_, told_, step);
        if (good && told_ >= limits::image_unwritten)
            good = write_out(file_, told_ - limits::image_unwritten, step);
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
    // A link stays one, and what it leads to gets the head.
    std::error_code error;
    const auto path = fs::canonical(known.path, error);
    if (error) return fail_errno(error.value(), "cannot open '{}'", known.path.string());
    const auto image = open_image_stream({path, known.head});
    if (!image) return std::unexpected(image.error());
    auto writer = ImageWriter::create(path, head);
    if (!writer) return std::unexpected(std::move(writer.error()));
    for (auto left = image->stream_bytes; left > 0;) {
        if (stop) return fail(Reason::cancelled, "cancelled");
        const auto part =
            read_up_to(image->file.get(), std::min<std::uint64_t>(left, limits::image_chunk), path);
        if (!part) return std::unexpected(part.error());
        if (part->empty())
            return fail(Reason::invalid_argument, "'{}' cannot be restored: it has lost its last {} bytes",
                        path.string(), left);
        if (auto written = writer->write(*part); !written) return written;
        left -= part->size();
        if (copied) *copied += part->size();
    }
    return writer->replace(image->file, stop);
}

}  // namespace virtlight::hypervisor
