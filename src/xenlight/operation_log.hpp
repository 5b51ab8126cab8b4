// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "base/ids.hpp"
#include "hypervisor/port.hpp"
#include "xenlight/libxl.hpp"

namespace virtlight::xenlight {

/// Where libxl writes what it has to say. Everything goes to the daemon's log at level debug; warnings and
/// errors are also kept for the operations in progress, so that a failure can carry its reasons.
///
/// A context may work on several operations at once, and libxl does not say for which it speaks; but it
/// mostly names the domain. A line belongs to every operation in progress, except to those on another domain
/// than the one it names.
///
/// libxl's children write through here too: they are copies of a process with threads, so nothing is done for
/// them but a write to standard error.
class OperationLog {
 public:
    OperationLog();
    OperationLog(const OperationLog&) = delete;
    OperationLog& operator=(const OperationLog&) = delete;

    /// What a context is opened with; valid as long as this.
    xentoollog_logger* sink() { return &sink_.base; }

    using RecordId = Id<struct RecordTag>;

    /// Keeps the lines from here on for an operation: at most limits::log_lines, the first ones, as what goes
    /// wrong first is the reason of the rest. Without a domid, every line belongs to it.
    RecordId begin(std::optional<hypervisor::DomId> domid);
    /// The lines kept under `id`, which is forgotten.
    std::vector<std::string> end(RecordId id);

 private:
    struct Sink {
        xentoollog_logger base;
        OperationLog* log;
    };
    struct Record {
        std::optional<hypervisor::DomId> domid;
        std::vector<std::string> lines;
    };

    static void vmessage(xentoollog_logger* sink, xentoollog_level level, int errno_value,
                         const char* context, const char* format, va_list arguments) noexcept;
    void keep(std::string_view line);

    Sink sink_;
    pid_t daemon_;
    IdSource<struct RecordTag> ids_;
    std::map<RecordId, Record> records_;
};

/// The domain that a line of libxl's speaks of ("... Domain 7:..."), if it names one.
std::optional<hypervisor::DomId> domain_named_in(std::string_view line);

}  // namespace virtlight::xenlight
