// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/ballooning.hpp"

#include <utility>

#include <fmt/format.h>

#include "base/limits.hpp"
#include "domain/memory.hpp"
#include "xenlight/autoballoon.hpp"

namespace virtlight::xenlight {
namespace {

using domain::mib;

std::uint64_t over(std::uint64_t have, std::uint64_t take) {
    return have > take ? have - take : 0;
}
std::uint64_t mib_up(std::uint64_t kib) {
    return (kib + mib - 1) / mib;
}

/// "it needs 512 MiB of memory and the host has 100 MiB free"
std::string shortage(std::uint64_t needed, const MemorySeen& seen) {
    auto said = fmt::format("it needs {} MiB of memory and the host has {} MiB free", mib_up(needed),
                            seen.free_kib / mib);
    if (seen.promised_kib > 0)
        said +=
            fmt::format(", of which {} MiB are for guests that are being made", mib_up(seen.promised_kib));
    return said;
}

}  // namespace

bool dom0_gives_memory(Autoballoon wanted, std::string_view command_line) {
    if (wanted != Autoballoon::automatic) return wanted == Autoballoon::on;
    constexpr std::string_view option = "dom0_mem=";
    for (auto at = command_line.find(option); at != command_line.npos;
         at = command_line.find(option, at + 1)) {
        const auto value = command_line.substr(at + option.size());
        const bool is_word = at == 0 || command_line[at - 1] == ' ';
        if (is_word && !value.empty() && value.front() != ' ') return false;
    }
    return true;
}

Ballooning::Ballooning(std::uint64_t needed_kib, bool dom0_gives, Time now)
    : needed_(needed_kib), dom0_gives_(dom0_gives), began_(now), last_progress_(now), last_move_(now) {}

Ballooning::Step Ballooning::next(const MemorySeen& seen, Time now) {
    const auto missing = over(needed_ + seen.promised_kib, seen.free_kib);
    if (missing == 0) return Step::done;
    if (!dom0_gives_) return fail(shortage(needed_, seen));

    note_progress(seen, missing, now);
    const auto silent = now - last_progress_;
    if (silent >= limits::balloon_patience || now - began_ >= limits::balloon_longest)
        return fail(fmt::format("{}: {} MiB are missing, for which dom0 was asked and which it has not given",
                                shortage(needed_, seen), mib_up(missing)));

    const auto given = over(dom0_at_first_, seen.dom0_kib);
    if (now - last_move_ >= limits::balloon_rest) written_off_ = over(asked_, given);
    const auto coming = over(asked_, written_off_ + given);
    if (coming >= missing) return Step::wait;
    last_move_ = now;
    return ask(seen, missing, coming);
}

/// dom0 may be on its way for another reason, or what it gives may go elsewhere: both are to be told from a
/// dom0 that rests.
void Ballooning::note_progress(const MemorySeen& seen, std::uint64_t missing, Time now) {
    if (least_dom0_ == UINT64_MAX) dom0_at_first_ = seen.dom0_kib;
    if (missing < least_missing_ || seen.dom0_kib < least_dom0_) last_progress_ = last_move_ = now;
    least_missing_ = std::min(least_missing_, missing);
    least_dom0_ = std::min(least_dom0_, seen.dom0_kib);
}

Ballooning::Step Ballooning::ask(const MemorySeen& seen, std::uint64_t missing, std::uint64_t coming) {
    to_ask_ = missing - coming;
    const auto most = over(seen.dom0_target_kib, limits::dom0_memory_kib);
    if (to_ask_ > most)
        return fail(
            fmt::format("{}: {} MiB are missing, and dom0, which is to have {} MiB, keeps its minimum of {}",
                        shortage(needed_, seen), mib_up(missing), seen.dom0_target_kib / mib,
                        limits::dom0_memory_kib / mib));
    asked_ += to_ask_;
    return Step::ask;
}

Ballooning::Step Ballooning::fail(std::string why) {
    why_not_ = std::move(why);
    return Step::never;
}

}  // namespace virtlight::xenlight
