// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libxl/schedule.hpp"

#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <random>
#include <thread>

namespace virtlight::fake {
namespace {

constexpr unsigned usual_schedules = 20;
constexpr std::chrono::microseconds longest_sleep{300};

std::atomic<std::uint64_t> seed = 0;
std::atomic<std::uint64_t> threads = 0;

}  // namespace

void perturb_with(std::uint64_t new_seed) {
    threads = 0;
    seed = new_seed;
}

void perturb() {
    const auto wanted = seed.load();
    if (wanted == 0) return;
    thread_local std::uint64_t followed = 0;
    thread_local std::minstd_rand choices;
    if (followed != wanted) {
        followed = wanted;
        std::seed_seq sequence{wanted, threads.fetch_add(1)};
        choices.seed(sequence);
    }
    // Mostly nothing, so that what is special about a schedule is where it pauses.
    const auto choice = choices() % 16;
    if (choice == 0)
        std::this_thread::sleep_for(longest_sleep * (choices() % 64) / 64);
    else if (choice < 4)
        std::this_thread::yield();
}

unsigned schedules() {
    const char* const wanted = std::getenv("VIRTLIGHT_SCHEDULES");
    unsigned count = usual_schedules;
    if (wanted) std::from_chars(wanted, wanted + std::strlen(wanted), count);
    return count;
}

}  // namespace virtlight::fake
