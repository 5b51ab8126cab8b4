// SPDX-License-Identifier: LGPL-2.1-or-later
#include "console/broker.hpp"

#include <algorithm>
#include <utility>

#include "base/limits.hpp"

namespace virtlight::console {

Broker::Broker(std::string label, Ring ring, std::function<void()> input_ready, std::function<Time()> now)
    : label_(std::move(label)),
      ring_(std::move(ring)),
      input_ready_(std::move(input_ready)),
      now_(std::move(now)) {}

Result<ViewerId> Broker::attach(Viewer& viewer, Attachment how) {
    if (how.safe && !exclusive_)
        return fail(Reason::operation_failed,
                    "cannot open console {} safely: the daemon does not have it for itself", label_);
    if (how.access == Access::write && writer_)
        return fail(
            Reason::operation_failed,
            "Active console session exists for this domain: '{}' writes to console {}; --force takes it over",
            find(writer_)->name, label_);
    if (is_full() && how.access == Access::force) drop_a_stuck_one(how.name);
    if (is_full())
        return fail(Reason::too_many, "cannot open console {}: it has {} viewers already", label_,
                    seats_.size());

    const auto id = ids_.next();
    const auto name = how.name;
    seats_.emplace(id, Seat{.viewer = &viewer,
                            .name = std::move(how.name),
                            .watches_on = how.watches_on,
                            .position = std::min(how.from, ring_.end()),
                            .read = now_()});
    if (how.access == Access::force || (how.access != Access::view && !writer_)) {
        const auto former = writer_;
        set_writer(id);
        unseat(former, name);
    }
    return id;
}

void Broker::detach(ViewerId id) {
    seats_.erase(id);
    if (writes(id)) set_writer({});
}

Broker::Portion Broker::read(ViewerId id, std::size_t max) {
    auto* const seat = find(id);
    if (!seat) return {.end = true};
    auto piece = ring_.read(seat->position, max);
    if (seat->until) {
        piece.missed.to = std::min(piece.missed.to, *seat->until);
        piece.bytes = piece.bytes.substr(0, *seat->until - piece.missed.to);
    }
    seat->position = piece.next();
    seat->read = now_();
    seat->missed += piece.missed.size();
    const bool end = piece.empty() && seat->until;
    seat->waits = piece.empty() && !end;
    return {piece, end};
}

Result<std::size_t> Broker::write(ViewerId id, std::string_view bytes) {
    if (!writes(id))
        return fail(Reason::access_denied, "cannot write to console {}: {}", label_,
                    writer_ ? fmt::format("'{}' does", find(writer_)->name) : "this viewer only watches");
    input_.reserve(limits::console_input_bytes);  // grown by doubling, it could take more
    std::size_t taken = 0;
    while (taken < bytes.size()) {
        const auto part = bytes.substr(taken, limits::console_input_bytes - input_.size());
        if (part.empty()) break;
        input_ += part;
        taken += part.size();
        offer_input();                  // may be taken at once, which makes room for more
        if (!writes(id)) return taken;  // it was told so, and has left
    }
    writer_waits_ = taken < bytes.size();
    return taken;
}

bool Broker::all_taken(ViewerId id) {
    if (!writes(id) || input_.empty()) return true;
    writer_drains_ = true;
    return false;
}

std::vector<ViewerInfo> Broker::viewers() const {
    std::vector<ViewerInfo> all;
    all.reserve(seats_.size());
    for (const auto& [id, seat] : seats_)
        all.push_back(
            {id, seat.name, writes(id), seat.until.value_or(ring_.end()) - seat.position, seat.missed});
    return all;
}

void Broker::output(std::string_view bytes, WallTime now) {
    ring_.append(bytes, now);
    if (!bytes.empty()) tell_readable();
}

void Broker::mark(Mark::Kind kind, WallTime now) {
    ring_.mark(kind, now);
    // What was typed for a guest that is gone is as good as written.
    if (begins_boot(kind)) input_written(input_.size());
}

void Broker::finish() {
    for (auto& [id, seat] : seats_)
        if (!seat.until) seat.until = ring_.end();
    auto* const told = writer_waits_ || writer_drains_ ? find(writer_)->viewer : nullptr;
    input_.clear();
    set_writer({});
    if (told) told->writable();
    tell_readable();
}

void Broker::input_written(std::size_t bytes) {
    input_.erase(0, bytes);
    // Not for every byte of room: the writer would be called for each of them.
    const bool has_room = writer_waits_ && input_.size() <= limits::console_input_bytes / 2;
    const bool is_empty = writer_drains_ && input_.empty();
    if (has_room) writer_waits_ = false;
    if (is_empty) writer_drains_ = false;
    if (has_room || is_empty) find(writer_)->viewer->writable();
}

void Broker::hold_input(bool hold) {
    held_ = hold;
    offer_input();
}

void Broker::set_silence(std::string why) {
    if (why == silence_) return;
    silence_ = why;
    tell_each([&why](const Seat& seat) {
        if (!seat.until) seat.viewer->silenced(why);
    });
}

Broker::Seat* Broker::find(ViewerId id) {
    const auto found = seats_.find(id);
    return found == seats_.end() ? nullptr : &found->second;
}

bool Broker::is_full() const {
    return seats_.size() >= limits::console_viewers;
}

/// Of those who have not read what there is for long, the one who has not for longest. Should all have, none.
void Broker::drop_a_stuck_one(const std::string& by) {
    const auto read_at = [](const auto& entry) {
        return entry.second.waits ? Time::max() : entry.second.read;
    };
    const auto last = std::ranges::min_element(seats_, {}, read_at);
    if (last == seats_.end() || last->second.waits || now_() - last->second.read < limits::console_stuck)
        return;
    auto& viewer = *last->second.viewer;
    const bool wrote = writes(last->first);
    seats_.erase(last);
    if (wrote) set_writer({});
    viewer.closed(
        {Reason::timed_out,
         fmt::format("'{}' took the place at console {} of this viewer, which had read nothing for {} s", by,
                     label_, limits::console_stuck.count())});
}

void Broker::tell_each(const std::function<void(Seat&)>& tell) {
    // By name and not by iterator: a viewer may leave, or throw out another one, when it is told.
    for (auto at = seats_.begin(); at != seats_.end();) {
        const auto id = at->first;
        tell(at->second);
        at = seats_.upper_bound(id);
    }
}

void Broker::tell_readable() {
    tell_each([this](Seat& seat) {
        if (!std::exchange(seat.waits, false)) return;
        seat.read = now_();
        seat.viewer->readable();
    });
}

/// Tells the one who wrote that `by` does now.
void Broker::unseat(ViewerId former, const std::string& by) {
    auto* const seat = find(former);
    if (!seat) return;
    auto& viewer = *seat->viewer;
    if (seat->watches_on) return viewer.writing_taken(by);
    seats_.erase(former);
    viewer.closed({Reason::operation_failed, fmt::format("'{}' took over console {}", by, label_)});
}

void Broker::set_writer(ViewerId id) {
    writer_ = id;
    writer_waits_ = writer_drains_ = false;
}

void Broker::offer_input() const {
    if (!input().empty()) input_ready_();
}

}  // namespace virtlight::console
