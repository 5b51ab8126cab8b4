// SPDX-License-Identifier: LGPL-2.1-or-later
#include "console/heap.hpp"

#if __has_feature(thread_sanitizer)

// It has operators of its own, and counts.
#include <sanitizer/allocator_interface.h>

std::size_t virtlight::test::heap_bytes() {
    return __sanitizer_get_current_allocated_bytes();
}

#else

#include <atomic>
#include <cstdlib>
#include <new>

#include <malloc.h>

namespace {

std::atomic<std::size_t> held{0};

}  // namespace

std::size_t virtlight::test::heap_bytes() {
    return held;
}

void* operator new(std::size_t size) {
    void* const memory = std::malloc(size);
    if (!memory) throw std::bad_alloc();
    held += ::malloc_usable_size(memory);
    return memory;
}

void operator delete(void* memory) noexcept {
    if (memory) held -= ::malloc_usable_size(memory);
    std::free(memory);
}

void operator delete(void* memory, std::size_t) noexcept {
    operator delete(memory);
}

#endif
