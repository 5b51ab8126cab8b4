// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "async/cancel.hpp"
#include "base/file.hpp"
#include "hypervisor/image.hpp"
#include "hypervisor/image_writer.hpp"
#include "hypervisor/port.hpp"
#include "xenlight/core_link.hpp"

/// How a guest's image gets from libxl into a file; back it gets by image_feed.hpp. libxl never has the file:
/// a write that fails inside it, or an abort before its helper process runs, crashes the daemon. It has one
/// end of a channel of ours; at the other end a thread moves the bytes, and takes upon itself what a disk can
/// do to them.
namespace virtlight::xenlight {

/// The channel. A pair of sockets and no pipe, as they can be shut: children of libxl's may hold copies of a
/// closed descriptor for long. The end of libxl's is shared with what libxl works with.
struct Channel {
    Fd ours;
    std::shared_ptr<const Fd> libxls;

    static Result<Channel> open();
    /// Whoever reads or writes comes to an end, on both sides.
    void shut() const;
};

/// Shuts a way when who works with it is gone, however: the one who moves the bytes ends then.
template <class Way>
class Shut {
 public:
    explicit Shut(std::shared_ptr<Way> way) : way_(std::move(way)) {}
    Shut(const Shut&) = delete;
    Shut& operator=(const Shut&) = delete;
    ~Shut() { way_->shut(); }

 private:
    std::shared_ptr<Way> way_;
};

/// The wish to cut a save or a restore short, held back until libxl can bear it: its helper process starts
/// when the stream's header and the head of its first record have passed. Lives on the core thread.
class HeldAbort {
 public:
    /// To be given to libxl's operation.
    async::CancelToken token() const { return abort_.token(); }
    void wish();
    void let_through();
    /// Now, or when libxl can bear it; should it end before, never.
    void when_bearable(std::move_only_function<void()> act);

 private:
    async::CancelSource abort_;
    std::vector<std::move_only_function<void()>> held_back_;
    bool wished_ = false;
    bool bearable_ = false;
};

/// What the one who moves the bytes tells on his way; his own thread calls.
class Journey {
 public:
    /// `abort` belongs to the core and is only used there.
    Journey(std::shared_ptr<CoreLink> link, std::shared_ptr<HeldAbort> abort,
            std::shared_ptr<hypervisor::Progress> progress)
        : link_(std::move(link)), abort_(std::move(abort)), progress_(std::move(progress)) {}

    /// So many more; `waiting` of all of them have not come to libxl yet.
    void moved(std::uint64_t bytes, std::uint64_t waiting = 0);
    /// libxl has begun its work, and can be cut short.
    void under_way();
    /// The guest has suspended itself, and what comes is its memory.
    void memory_comes();
    /// It is of no use to go on.
    void failed();

 private:
    std::shared_ptr<CoreLink> link_;
    std::shared_ptr<HeldAbort> abort_;
    std::shared_ptr<hypervisor::Progress> progress_;
    std::uint64_t bytes_ = 0;
    bool under_way_ = false;
};

/// How libxl's stream begins: its header and the head of its first record. A stream that ended within, or
/// went on otherwise, would crash libxl.
using StreamStart = std::array<char, 16 + 8>;

/// Reads it, and looks at the end: libxl takes what ends within a record for whole, and gives the guest what
/// happens to be in its memory. invalid_argument: something else is there, or less.
Result<StreamStart> check_stream(const hypervisor::OpenImage& image);

/// Blocks until libxl has written all, or the channel is shut. When the file fails the rest is read all the
/// same, and dropped.
Result<> receive(hypervisor::ImageWriter& image, const Fd& ours, Journey journey);

}  // namespace virtlight::xenlight
