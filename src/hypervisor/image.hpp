// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

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

/// Fills `bytes`. invalid_argument: the image ends before.
Result<> read_from_image(const OpenImage& image, std::span<char> bytes);

}  // namespace virtlight::hypervisor
