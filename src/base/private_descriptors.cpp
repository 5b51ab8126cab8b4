// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/private_descriptors.hpp"

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

#include <unistd.h>

#include "base/limits.hpp"

namespace virtlight::private_descriptors {
namespace {

constexpr std::size_t bits = 64;

/// A bit for each number: a child of a program with threads may neither lock nor allocate.
std::array<std::atomic<std::uint64_t>, limits::private_descriptors / bits> noted;

bool fits(int fd) {
    return fd >= 0 && static_cast<std::size_t>(fd) < limits::private_descriptors;
}
std::atomic<std::uint64_t>& word_of(int fd) {
    return noted[static_cast<std::size_t>(fd) / bits];
}
std::uint64_t bit_of(int fd) {
    return std::uint64_t{1} << (static_cast<std::size_t>(fd) % bits);
}

}  // namespace

void add(int fd) noexcept {
    if (fits(fd)) word_of(fd) |= bit_of(fd);
}

void remove(int fd) noexcept {
    if (fits(fd)) word_of(fd) &= ~bit_of(fd);
}

void close_all() noexcept {
    for (std::size_t word = 0; word < noted.size(); ++word) {
        for (auto left = noted[word].load(); left != 0; left &= left - 1)
            ::close(static_cast<int>(word * bits) + std::countr_zero(left));
    }
}

}  // namespace virtlight::private_descriptors
