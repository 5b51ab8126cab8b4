// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <sys/types.h>

#include "base/file.hpp"
#include "base/result.hpp"
#include "libvirt/xdr.hpp"

/// Connected UNIX stream sockets. Only the kernel's ways; nothing of the protocol.
namespace virtlight::libvirt {

/// What is there to be read, into `buffer`: its number of bytes, 0 if there is nothing now. Descriptors that
/// come along are added to `descriptors`, also when this fails. io: the other end is gone, or the kernel says
/// so.
Result<std::size_t> read_some(int socket, std::span<std::uint8_t> buffer, std::vector<Fd>& descriptors);
/// The same for those who may wait until the descriptors are closed.
Result<std::size_t> read_some(int socket, std::span<std::uint8_t> buffer);

/// What the socket takes now: a number of bytes, 0 if it is full.
Result<std::size_t> write_some(int socket, View bytes);

/// Connects to who listens there, or fails at once.
Result<Fd> connect_at_once(const std::filesystem::path& path);

struct Peer {
    uid_t uid;
    pid_t pid;
    std::string command;  ///< empty: not known
};

/// Who connected, as the kernel knows it.
Result<Peer> peer_of(int socket);

}  // namespace virtlight::libvirt
