// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "base/file.hpp"
#include "hypervisor/image.hpp"
#include "xenlight/image_stream.hpp"

namespace virtlight::xenlight {

/// The way of an image from its file to libxl: a pipe, through which the pages of the file go as they are and
/// are copied once, by libxl's helper. libxl has the end that reads. Nobody but us has the other, not even
/// children of libxl's, so that closing it ends the stream. A pipe cannot be shut: the one who moves the
/// bytes is told beside it.
class Feed {
 public:
    static Result<std::shared_ptr<Feed>> open();
    Feed(Fd ours, Fd libxls, Fd enough);

    const std::shared_ptr<const Fd>& libxls() const { return libxls_; }
    /// libxl wants no more. Any thread.
    void shut() const;

    /// Blocks until libxl has taken all of the stream, or wants no more; the stream is at its end then.
    /// `image` stands behind `start`.
    Result<> send(const hypervisor::OpenImage& image, const StreamStart& start, Journey journey);

 private:
    Result<> send_all(const hypervisor::OpenImage& image, const StreamStart& start, Journey& journey);
    Result<std::size_t> move_some(const Fd& file);
    Result<std::size_t> copy_some(const Fd& file);
    bool put(std::string_view bytes);
    bool wait_for_room() const;
    bool wait_until_taken(Journey& journey) const;
    /// Bytes in the pipe.
    std::uint64_t waiting() const;

    Fd ours_;
    std::shared_ptr<const Fd> libxls_;
    Fd enough_;  ///< an eventfd: libxl wants no more
    bool copies_ = false;
};

/// Has the disk fetch the first part, which libxl will want soon, and be ready for the rest.
void fetch_beginning(const hypervisor::OpenImage& image);

}  // namespace virtlight::xenlight
