// SPDX-License-Identifier: LGPL-2.1-or-later
#include "console/log_file.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <span>

#include "async/timing.hpp"
#include "base/limits.hpp"
#include "base/log.hpp"
#include "manager/drained.hpp"

namespace virtlight::console {
namespace {

/// So few bytes are rendered at a time that the text stays near the limit, even if each is a line.
constexpr std::size_t slice = 128;
constexpr std::size_t most_notes = 200;
constexpr std::size_t most_text = limits::console_log_chunk + most_notes + (slice + 1) * LogText::growth;

bool is_restore(const Mark& mark) {
    return mark.kind == Mark::Kind::restore;
}

/// The last restore up to `end` of the boot that runs there; none: the end.
std::span<const Mark>::iterator last_restore(std::span<const Mark> marks, Offset end) {
    const auto latest = std::find_if(marks.rbegin(), marks.rend(), [end](const Mark& mark) {
        return mark.at <= end && (is_restore(mark) || begins_boot(mark.kind));
    });
    return latest == marks.rend() || !is_restore(*latest) ? marks.end() : std::prev(latest.base());
}

}  // namespace

LogFile::LogFile(async::Scheduler& scheduler, async::Blocking& blocking, const Ring& ring,
                 LogSettings settings)
    : scheduler_(scheduler),
      blocking_(blocking),
      ring_(ring),
      settings_(std::move(settings)),
      format_(settings_.sequences),
      position_(ring.end()),
      boot_(ring.boots().empty() ? 0 : ring.boots().back().number()) {
    const auto marks = ring.marks();
    if (const auto last = last_restore(marks, position_); last != marks.end()) restore_ = *last;
}

void LogFile::poke() {
    if (writing_ || closing_.cancelled()) return;
    writing_ = true;
    scope_.spawn(write_all());
}

LogFile::~LogFile() {
    if (writing_) tell_of_loss();
    waiters_.drop();
    scope_.drop();
}

void LogFile::tell_of_loss() const {
    log::warning("console log '{}': what came last is not in it", settings_.path.string());
}

async::Task<bool> LogFile::close(Duration patience) {
    closing_.cancel();
    return manager::drained_within(scheduler_, scope_, waiters_, patience);
}

async::Task<> LogFile::write_all() {
    for (auto text = render(); !text.empty();) {
        // The work owns what it uses, as it is done even if nobody waits for it any more; so the text
        // travels.
        auto work = [path = settings_.path, rotation = settings_.rotation, text = std::move(text)]() mutable {
            auto written = append_rotated(path, text, rotation);
            return std::pair(std::move(text), std::move(written));
        };
        auto [sent, written] = co_await async::run_blocking(blocking_, scheduler_, std::move(work));
        note_outcome(written);
        if (written) {
            text = render();
        } else {
            text = std::move(sent);
            if (co_await async::sleep_for(scheduler_, limits::console_log_retry, closing_.token())) continue;
            tell_of_loss();
            break;
        }
    }
    writing_ = false;
}

/// The text for what has come, as much as goes in one piece.
std::string LogFile::render() {
    std::string text;
    while (text.size() < limits::console_log_chunk) {
        auto piece = ring_.read(position_, slice);
        if (piece.empty()) break;
        text.reserve(most_text);  // grown by doubling, it could take more
        const auto held = piece.missed.to;
        const auto span = ring_.times().at(held);
        const auto came = span ? span->first : WallTime();
        if (!piece.missed.empty())
            format_.note(fmt::format("{} bytes are missing here", piece.missed.size()), came, text);
        note_boot(held, text);
        note_restore(held, text);
        const auto end = std::min(ring_.times().end_of_span(held), next_restore(held));
        piece.bytes = piece.bytes.substr(0, end - held);
        format_.add(piece.bytes, came, text);
        position_ = piece.next();
    }
    return text;
}

/// A boot begins on a line of its own, whatever the one before has left unfinished.
void LogFile::note_boot(Offset at, std::string& text) {
    const auto boot =
        std::ranges::find_if(ring_.boots(), [at](const Boot& b) { return b.range().contains(at); });
    if (boot == ring_.boots().end() || boot->number() == boot_) return;
    boot_ = boot->number();
    const auto marks = ring_.marks();
    const auto begun = std::find_if(marks.rbegin(), marks.rend(), [&](const Mark& mark) {
        return begins_boot(mark.kind) && mark.at == boot->range().from;
    });
    if (begun != marks.rend()) format_.note(to_string(begun->kind), begun->time, text);
}

/// A guest that was restored goes on with its boot: that has a line of its own, too.
void LogFile::note_restore(Offset at, std::string& text) {
    const auto marks = ring_.marks();
    const auto last = last_restore(marks, at);
    if (last == marks.end() || *last == restore_) return;
    restore_ = *last;
    format_.note(to_string(last->kind), last->time, text);
}

/// The largest offset: there is none.
Offset LogFile::next_restore(Offset after) const {
    const auto marks = ring_.marks();
    const auto next = std::ranges::find_if(
        marks, [after](const Mark& mark) { return is_restore(mark) && mark.at > after; });
    return next == marks.end() ? std::numeric_limits<Offset>::max() : next->at;
}

void LogFile::note_outcome(const Result<>& written) {
    if (written.has_value() != refused_) return;
    refused_ = !written;
    if (refused_)
        log::warning("console log: {}; it goes on when there is room", written.error().message);
    else
        log::notice("console log '{}' is written again", settings_.path.string());
}

}  // namespace virtlight::console
