// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>

#include "base/file.hpp"
#include "base/result.hpp"
#include "hypervisor/image.hpp"

/// How the file of an image, or of a core, comes to be: aside, and into its name only when it is whole.
/// Everything here blocks, and may run on any thread, but on one at a time unless it says otherwise.
namespace virtlight::hypervisor {

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
    /// As commit(), in the place of the only image that there is of a guest: should it be uncertain that it
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
