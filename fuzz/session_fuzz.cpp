// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <utility>
#include <vector>

#include "libvirt/session.hpp"

namespace {

using namespace virtlight;
using namespace virtlight::libvirt;

/// What a session does with its input, portion by portion.
struct Course {
    std::vector<std::pair<std::uint32_t, Bytes>> calls;
    Bytes output;
    bool ended = false;

    bool operator==(const Course&) const = default;
};

Course course_of(View input, bool opened, std::size_t portion) {
    const Time now{std::chrono::hours(1)};
    Session session(false, now);
    if (opened) session.open(false);
    Course course;
    while (!input.empty() && !session.ended()) {
        const auto size = std::min(portion, input.size());
        session.receive(input.first(size), now);
        input = input.subspan(size);
        while (const auto call = session.next_call()) {
            course.calls.emplace_back(call->procedure->number, call->payload);
            session.reply(call->id, Bytes(4, 1));
        }
        course.output.insert(course.output.end(), session.output().begin(), session.output().end());
        session.sent(session.output().size(), now);
    }
    if (session.deadline() != Time::max()) session.tick(session.deadline());
    course.ended = session.ended();
    return course;
}

}  // namespace

/// Any bytes from a client: the session does the same with them however they arrive. The first byte says
/// whether the connection is open and into what portions the rest is cut.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const bool opened = (data[0] & 1) != 0;
    const std::size_t portion = data[0] / 2 + std::size_t{1};
    const View input(data + 1, size - 1);
    // All that one step may send must fit, or the session would rightly hold back what it still has.
    if (input.size() > limits::read_bytes) return 0;
    if (course_of(input, opened, input.size() + 1) != course_of(input, opened, portion)) std::abort();
    return 0;
}
