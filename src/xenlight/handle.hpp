// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <functional>
#include <utility>

#include "base/result.hpp"
#include "xenlight/libxl.hpp"

namespace virtlight::xenlight {

/// A libxl_ctx, and whether its thread is inside libxl. libxl may call us back from inside any of its
/// functions and must not be entered again from there; so every call goes through enter(), and what came up
/// during it is served when libxl has been left.
class Handle {
 public:
    Handle() = default;
    Handle(const Handle&) = delete;
    Handle& operator=(const Handle&) = delete;
    ~Handle() { close(); }

    /// `log` must outlive the handle.
    Result<> open(xentoollog_logger* log);

    /// Runs `call(libxl_ctx*)`, on the one thread that uses this handle, and returns what it returns.
    template <class Call>
    auto enter(Call&& call) {
        const Inside inside(*this);
        return std::forward<Call>(call)(ctx_);
    }

    bool inside() const { return inside_; }

    /// Runs whenever libxl has been left; must not enter it.
    void on_leaving(std::function<void()> serve) { leaving_ = std::move(serve); }

    /// Frees the context; libxl calls the hooks for the last time. No operation may be in flight.
    void close() { libxl_ctx_free(std::exchange(ctx_, nullptr)); }
    /// Leaves the context to itself, as one with operations in flight cannot be freed.
    void abandon() { ctx_ = nullptr; }

 private:
    class Inside {
     public:
        explicit Inside(Handle& handle);
        Inside(const Inside&) = delete;
        Inside& operator=(const Inside&) = delete;
        ~Inside();

     private:
        Handle& handle_;
    };

    libxl_ctx* ctx_ = nullptr;
    bool inside_ = false;
    std::function<void()> leaving_;
};

}  // namespace virtlight::xenlight
