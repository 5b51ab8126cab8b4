// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <unordered_map>
#include <vector>

#include "hypervisor/port.hpp"
#include "xenlight/error.hpp"
#include "xenlight/handle.hpp"
#include "xenlight/operation_log.hpp"

namespace virtlight::xenlight {

/// One asynchronous operation of libxl's; what it calls back with.
using AoId = Id<struct AoTag>;

/// The asynchronous operations of one context. Each goes from posted to started to completed, and its end is
/// told once.
///
/// libxl may call back before the function that starts the operation has returned, from inside any other call
/// on this context, or from inside an abort. The callback therefore only notes the result; the end is told,
/// and the parameters are freed, when libxl has been left. libxl keeps an AoId for us: an operation that it
/// names and that is gone from the table is of no concern.
///
/// Lives on the context's thread; a thread has one of these at a time.
class Operations {
 public:
    /// Calls the initiating function with this `how`, and returns its return value. Owns all other
    /// parameters: they must live as long as libxl works on the operation.
    using Start = std::move_only_function<int(libxl_ctx*, const libxl_asyncop_how*)>;
    using Done = std::move_only_function<void(Result<Ended>)>;

    /// Both must outlive this.
    Operations(Handle& handle, OperationLog& log);
    Operations(const Operations&) = delete;
    Operations& operator=(const Operations&) = delete;
    ~Operations();

    /// `done` is called outside libxl: with what libxl answered, or with the error of fail_all().
    void start(AoId id, std::optional<hypervisor::DomId> domid, Start start, Done done);
    /// Asks libxl to cut it short; it ends as usual, soon or not. Without effect on one that has ended.
    void abort(AoId id);
    /// Tells all of them that they failed. Their parameters stay, as libxl may still use them.
    void fail_all(const Error& error);

    /// Tells the ends of those that libxl has completed; to be called when libxl has been left.
    void tell_ended();

    std::size_t in_flight() const { return table_.size(); }

 private:
    struct Entry {
        Start start;
        Done done;
        OperationLog::RecordId record;
    };
    struct Completed {
        AoId id;
        int rc;
    };

    static void completed(libxl_ctx* ctx, int rc, void* for_callback) noexcept;
    static libxl_asyncop_how how(AoId id);

    Handle& handle_;
    OperationLog& log_;
    std::unordered_map<AoId, Entry> table_;
    std::vector<Completed> completed_;
};

}  // namespace virtlight::xenlight
