// SPDX-License-Identifier: LGPL-2.1-or-later
#include "daemon/heap.hpp"

#include <cstddef>
#include <cstdlib>
#include <memory>

#include <gtest/gtest.h>
#include <malloc.h>

#include "base/limits.hpp"

namespace virtlight::daemon {
namespace {

/// As libxl takes it for the kernel of a guest, and for the next one.
void take_and_free(std::size_t bytes) {
    const std::unique_ptr<void, decltype(&std::free)> block(std::malloc(bytes), &std::free);
    ASSERT_NE(block, nullptr);
    static_cast<volatile char*>(block.get())[bytes - 1] = 1;
}

TEST(Heap, KeepsLittleOfALargeBlockThatIsFreed) {
    keep_heaps_small();
    constexpr std::size_t mib = 1024 * 1024;
    for (const auto bytes : {30 * mib, 20 * mib, 10 * mib, mib / 2})
        take_and_free(bytes);
    EXPECT_LE(::mallinfo2().keepcost, static_cast<std::size_t>(limits::heap_rest_bytes));
}

}  // namespace
}  // namespace virtlight::daemon
