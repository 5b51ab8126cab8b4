// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/handle.hpp"

#include <cassert>

#include "xenlight/fork_safety.hpp"

namespace virtlight::xenlight {

Result<> Handle::open(xentoollog_logger* log) {
    if (!fork_safety::is_in_force())
        return fail(Reason::internal,
                    "the children that libxl forks would not be safe: this program exports "
                    "none of its symbols");
    const int rc = libxl_ctx_alloc(&ctx_, LIBXL_VERSION, 0, log);
    if (rc == 0) return {};
    return fail(Reason::operation_failed, "cannot open libxl (error {})", rc);
}

Handle::Inside::Inside(Handle& handle) : handle_(handle) {
    assert(!handle_.inside_);
    handle_.inside_ = true;
}

Handle::Inside::~Inside() {
    handle_.inside_ = false;
    if (handle_.leaving_) handle_.leaving_();
}

}  // namespace virtlight::xenlight
