// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>

namespace virtlight::test {

/// Bytes that this program holds by operator new, as the allocator rounds them.
std::size_t heap_bytes();

}  // namespace virtlight::test
