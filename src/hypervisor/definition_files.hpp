// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/definition.hpp"

namespace virtlight::hypervisor {

/// A file or a folder of this host that a definition names.
struct NamedFile {
    std::string what;  ///< "kernel"
    std::string path;  ///< absolute
    bool is_folder = false;
    /// As has_stale_firmware() and has_stale_emulator() say: its name; empty: it is none of Xen's.
    std::string_view own{};
};

/// "kernel '/k': No such file or directory".
std::string to_words(const NamedFile& file, std::string_view why);

/// In the order of the definition. A name without a folder is not among them: Xen looks for it where it keeps
/// such things.
std::vector<NamedFile> named_files(const domain::Definition& definition);

/// If it is not there: that, as a sentence. Blocks: not for the core thread.
std::optional<std::string> why_missing(const NamedFile& file);

/// The sentences of those that are not there. Blocks: not for the core thread.
std::vector<std::string> missing_files(const domain::Definition& definition);

/// Whether a guest's firmware is an hvmloader or an OVMF of Xen's that is not there. libvirt has written its
/// path into definitions, which has Xen's version in it, or, of an OVMF, is where Xen may keep one and a
/// distribution does not: such a guest gets the one of this host. Blocks: not for the core thread.
bool has_stale_firmware(const domain::Definition& definition);

/// The same of its device model, a QEMU of Xen's: libvirt has written its path into each definition, too.
bool has_stale_emulator(const domain::Definition& definition);

}  // namespace virtlight::hypervisor
