// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "console/ring.hpp"

namespace virtlight::libvirt {

/// Puts lines for what happened to a guest, "--- reboot 2026-11-22T10:15:02.311Z ---", between the bytes that
/// it wrote before and after, each once.
class ConsoleMarks {
 public:
    /// Puts the marks in [from, to]. Where a boot begins at `from`, what ended the boot before is left out,
    /// and so is a boot that begins at `to`.
    explicit ConsoleMarks(console::Offset from,
                          console::Offset to = std::numeric_limits<console::Offset>::max())
        : from_(from), to_(to) {}

    /// Appends to `text` the bytes that begin at `at`, and the lines that belong before, among and behind
    /// them.
    void weave(const console::Ring& ring, console::Offset at, std::string_view bytes, std::string& text);

 private:
    std::span<const console::Mark> ahead(const console::Ring& ring) const;
    bool is_behind(const console::Mark& mark) const;
    void put(std::string_view bytes, std::string& text);

    console::Offset from_;
    console::Offset to_;
    std::optional<console::Mark> last_;  ///< that was told
    bool at_line_start_ = true;
};

}  // namespace virtlight::libvirt
