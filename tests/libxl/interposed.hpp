// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cerrno>
#include <utility>

extern "C" {
#include <xenctrl.h>
#include <xenguest.h>
}

#include "libxl/fake_xen.hpp"

namespace virtlight::fake {

/// Answers a call of libxl's to libxenctrl: as `body` does, or with -1 and errno if the test wants it so.
template <class Body>
auto answer(const char* name, Body&& body) -> decltype(body(std::declval<Xen&>())) {
    if (const int error = Xen::current().calls().enter(name)) {
        errno = error;
        return -1;
    }
    return std::forward<Body>(body)(Xen::current());
}

/// The same for a `body` that only says whether there is such a domain.
template <class Body>
int answer_about(const char* name, Body&& body) {
    return answer(name, [&](Xen& xen) {
        if (std::forward<Body>(body)(xen)) return 0;
        errno = ESRCH;
        return -1;
    });
}

}  // namespace virtlight::fake
