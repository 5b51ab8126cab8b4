// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/file.hpp"
#include "base/result.hpp"
#include "domain/definition.hpp"

/// The file that holds a saved guest: a head in libvirt's format, so that either can restore what the other
/// has saved, and behind it the stream of the hypervisor. One that `xl save` has made has another head, and
/// is read all the same. Everything here blocks, and may run on any thread.
namespace virtlight::hypervisor {

/// What an image says of its guest.
struct ImageHead {
    domain::Definition definition;  ///< as for a start: without ttys
    bool paused = false;            ///< how it is to be restored, unless that is said then
    /// vCPUs that the restored guest is to be asked to have online, if that is another number than the
    /// definition has, at most its vcpus_max; 0: it is not. That of the definition is what an HVM guest's
    /// device model has, which takes its state with just as many, and gives none back that a guest lets go
    /// of.
    unsigned vcpus_online = 0;
    /// As the file has it, of one that was read: an image is known by it. It stays with what is changed of
    /// the rest.
    std::string bytes{};
};

/// An image whose head somebody has read, and goes by. By the time that it is used another one may have its
/// name.
struct KnownImage {
    std::filesystem::path path{};
    std::string head{};  ///< ImageHead::bytes
};

/// The head with another definition of the same guest. The device model of an HVM guest keeps its vCPUs: as
/// many as that definition has are to be online, if it says another number than the head's did.
ImageHead redefined(ImageHead head, domain::Definition definition);

std::string format_image_head(const ImageHead& head);

/// An image that is being read.
struct OpenImage {
    ImageHead head;
    Fd file;  ///< at the first byte of the stream
    std::uint64_t stream_bytes = 0;
    /// Of an image that xl has made: its guest in libxl's JSON. The head is for whoever understands that to
    /// fill in.
    std::string xl_config{};
    bool bypasses_cache = false;  ///< what is read is not to stay in the page cache
};

/// io: it cannot be read. invalid_argument: it is no image, or of another kind, or its head is damaged; the
/// message says where.
Result<OpenImage> open_image(const std::filesystem::path& path);
/// The same for the stream alone: what the head says of the guest is known. invalid_state: the image has
/// been replaced since. One with the very same head is of the same guest with the same devices, and as good.
Result<OpenImage> open_image_stream(const KnownImage& image);

/// Writes out what of an open file is only in the host's page cache, and frees its pages there. False, with
/// errno: the disk has not taken it, and a sync may not say so again.
bool leave_cache(const Fd& file);

/// Fills `bytes`. invalid_argument: the image ends before.
Result<> read_from_image(const OpenImage& image, std::span<char> bytes);

/// Behind the name of a file, while its image is being written: nothing that a user would call his own.
inline constexpr std::string_view unfinished_suffix = ".virtlight-unfinished";

/// An image that is being written. The file is there, whole and synced, when commit() has succeeded, and in
/// the place of what was there before. Until then it has another name, and it is removed if it is not
/// committed; what a killed daemon left is overwritten by the next.
class ImageWriter {
 public:
    /// invalid_argument: the path is not absolute, or names something other than a file; too_many: another
    /// save writes there; io. Before, somebody else's file of that other name is removed.
    static Result<ImageWriter> create(const std::filesystem::path& path, const ImageHead& head);
    /// The same without a head: for a core, which is no image to be restored.
    static Result<ImageWriter> create(const std::filesystem::path& path);
    ImageWriter(ImageWriter&& other) noexcept = default;
    ImageWriter& operator=(ImageWriter&& other) noexcept = delete;
    ~ImageWriter();

    /// From here on what is written does not stay in the host's page cache, which a guest's memory would
    /// fill with what nobody reads soon. (Not by O_DIRECT, which wants aligned pieces and not every disk
    /// has.)
    void bypass_cache() { bypasses_cache_ = true; }

    /// Takes room on the disk for so many bytes more, where the file system can; what is not needed is given
    /// back by commit(). io: there is not enough.
    Result<> reserve(std::uint64_t bytes);
    Result<> write(std::string_view bytes);
    /// Syncs it and gives it its name. invalid_state: nothing had that when the writing began, and something
    /// has it now. When it fails, what had the name before has it again, unless the file system cannot
    /// exchange two names: then nothing has it.
    Result<> commit();
    /// Any thread, also while another one commits: nobody waits for the image any more, and no file is to be
    /// there. False: it is committed already, and the one who does that is about to say so.
    bool give_up() const;
    /// The same, in the place of the only image that there is of a guest: should it be uncertain that it
    /// stays there in a power cut, that is a warning. invalid_state: `former` is not there any more;
    /// cancelled: `stop` became true.
    Result<> replace(const Fd& former, const std::atomic<bool>& stop);

 private:
    /// What becomes of it is settled once, by whoever is first.
    enum class Fate { open, committed, given_up };

    ImageWriter(std::filesystem::path path, std::filesystem::path temporary, Fd file);
    bool settle(Fate fate) const;
    Result<> write_back();
    Result<Fd> finish();
    Result<> take_name();
    bool exchange_names();
    void drop_former();
    void give_name_back();

    std::filesystem::path path_;
    std::filesystem::path temporary_;
    Fd file_;    ///< empty: committed, or moved from
    Fd former_;  ///< what had the name before, and has the temporary one
    bool bypasses_cache_ = false;
    std::size_t in_cache_ = 0;  ///< bytes, since it was left last
    bool reserved_ = false;
    bool is_new_ = false;  ///< nothing had the name when the writing began
    std::uint64_t written_ = 0;
    std::uint64_t told_ = 0;  ///< bytes that the disk was told of
    std::unique_ptr<std::atomic<Fate>> fate_ = std::make_unique<std::atomic<Fate>>(Fate::open);
};

/// Gives an image another head, in one step; needs room for a second one meanwhile. From then on it is one of
/// ours if xl has made it. io, invalid_argument: as open_image(); too_many: a save writes there;
/// invalid_state: the image has been removed or replaced since its head was read; cancelled: `stop` became
/// true. Counts the bytes in `copied`.
Result<> rewrite_image(const KnownImage& known, const ImageHead& head, const std::atomic<bool>& stop = false,
                       std::atomic<std::uint64_t>* copied = nullptr);

}  // namespace virtlight::hypervisor
