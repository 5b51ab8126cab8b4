// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.hpp"

namespace virtlight::xenlight {

/// The memory of the host at one moment.
struct MemorySeen {
    std::uint64_t free_kib = 0;
    std::uint64_t promised_kib = 0;     ///< of that, what guests that are being made have not taken yet
    std::uint64_t dom0_kib = 0;         ///< what dom0 has
    std::uint64_t dom0_target_kib = 0;  ///< and what it was asked to have
};

/// How the memory that a guest needs is had: what is to be done after each look, without doing it.
class Ballooning {
 public:
    enum class Step {
        done,   ///< it is there
        ask,    ///< dom0 is to give to_ask_kib() more
        wait,   ///< it is on its way
        never,  ///< why_not() says why
    };

    Ballooning(std::uint64_t needed_kib, bool dom0_gives, Time now);

    Step next(const MemorySeen& seen, Time now);

    std::uint64_t to_ask_kib() const { return to_ask_; }
    /// All that dom0 was to be asked for so far.
    std::uint64_t asked_kib() const { return asked_; }
    /// What there is to say of "it", the guest, when it cannot be had.
    const std::string& why_not() const { return why_not_; }

 private:
    Step ask(const MemorySeen& seen, std::uint64_t missing, std::uint64_t coming);
    Step fail(std::string why);
    void note_progress(const MemorySeen& seen, std::uint64_t missing, Time now);

    std::uint64_t needed_;
    bool dom0_gives_;
    Time began_;
    Time last_progress_;
    Time last_move_;  ///< or question
    std::uint64_t least_missing_ = UINT64_MAX;
    std::uint64_t least_dom0_ = UINT64_MAX;
    std::uint64_t dom0_at_first_ = 0;
    std::uint64_t asked_ = 0;
    std::uint64_t written_off_ = 0;  ///< of that, what is not waited for any more
    std::uint64_t to_ask_ = 0;
    std::string why_not_;
};

}  // namespace virtlight::xenlight
