// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <vector>

#include "base/file.hpp"
#include "base/result.hpp"

namespace virtlight::daemon {

/// A UNIX socket that listens at `path` with exactly these permissions from its first moment. A socket left
/// by a daemon that was killed is replaced; the caller holds the instance lock, so none is in use. Blocks.
Result<Fd> listen_at(const std::filesystem::path& path, unsigned mode);

/// The sockets that systemd opened for this process and handed over, empty without systemd. invalid_argument:
/// one of them is no UNIX socket that listens for streams. To be called once.
Result<std::vector<Fd>> sockets_from_systemd();

/// Where it listens.
std::filesystem::path path_of(const Fd& socket);

/// Whether everybody on the host may connect to it: by the permissions of its path, or because it has none.
bool lets_everybody_in(const Fd& socket);

/// Held while a daemon runs over a root: two over one state would not know of each other's changes. The
/// kernel lets go of it when the process ends, however it ends. Blocks.
Result<Fd> lock_instance(const std::filesystem::path& path);

}  // namespace virtlight::daemon
