// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "console/ring.hpp"

namespace virtlight::console {

using ViewerId = Id<struct ViewerTag>;

/// What a viewer is told. Called from inside the broker's functions, with the broker in order: the viewer may
/// call it back, detach and be destroyed.
class Viewer {
 public:
    virtual ~Viewer() = default;
    /// There is something to read again, after read() gave nothing; told once for each such read().
    virtual void readable() = 0;
    /// Input is taken again, after write() took less than it was given, or all of it is, after all_taken()
    /// said that it was not; told once for each such call.
    virtual void writable() = 0;
    /// `by` writes now; this one watches on.
    virtual void writing_taken(const std::string& by) = 0;
    /// The guest's output does not come any more, as `why` says; empty: it comes again.
    virtual void silenced(const std::string& why) = 0;
    /// Thrown out: the id is unknown already.
    virtual void closed(const Error& why) = 0;
};

enum class Access {
    view,           ///< watches only
    write,          ///< writes; refused while another one does
    write_if_free,  ///< writes if nobody does, else watches
    force,          ///< takes the writing over
};

struct Attachment {
    std::string name;  ///< who it is, in lists and in others' errors
    Access access = Access::view;
    /// Refused unless nothing but this daemon reads the tty.
    bool safe = false;
    /// Whether it can be told that another one writes now, and goes on as a viewer; else it is closed then.
    bool watches_on = true;
    /// Where it begins to read. A position in the future means: with what comes next.
    Offset from = 0;
};

struct ViewerInfo {
    ViewerId id;
    std::string name;
    bool writes = false;
    std::uint64_t behind = 0;  ///< bytes that it has not read yet
    std::uint64_t missed = 0;  ///< bytes that fell out before it read them
};

/// Shares one console among any number of viewers and at most one writer. Pure: it does no I/O and knows no
/// threads, and time only as what it is told.
///
/// Viewers pull. Each is a position in the ring and a flag that says whether it waits, so that nothing is
/// copied or queued for it: what a slow one does not fetch in time falls out of the ring and is a gap in its
/// stream, and history turns into live output without a seam.
class Broker {
 public:
    /// `label` names the console in errors. `input_ready` is called when input() has something. `now` tells
    /// for how long a viewer has read nothing; without it nobody ever has for long.
    Broker(
        std::string label, Ring ring, std::function<void()> input_ready,
        std::function<Time()> now = [] { return Time(); });
    Broker(const Broker&) = delete;
    Broker& operator=(const Broker&) = delete;

    // For viewers

    /// `viewer` must stay until it is detached or told closed(). It reads first and is told readable() later.
    /// Errors: too_many; operation_failed if another one writes (libvirt's words for it); operation_failed if
    /// it asks for a safe console and there is none. Where all places are taken, who takes the writing over
    /// gets that of the viewer who has not read what there is for the longest time, from
    /// limits::console_stuck on: that one is closed.
    Result<ViewerId> attach(Viewer& viewer, Attachment how);
    /// Unknown ids are ignored. Input that it wrote is still delivered.
    void detach(ViewerId id);

    struct Portion {
        Piece piece;
        /// Nothing more will come: the guest has stopped and all was read, or the id is unknown.
        bool end = false;
    };
    /// The next bytes, up to `max`, or what was missed. A view, valid until the next call of any function.
    Portion read(ViewerId id, std::size_t max);

    /// Takes what fits and says how much; after less than everything, writable() tells when to try again.
    /// Fails with access_denied if it does not write (any more).
    Result<std::size_t> write(ViewerId id, std::string_view bytes);
    bool writes(ViewerId id) const { return id && id == writer_; }
    /// Whether the guest's tty has all that this one wrote. Else writable() tells when it has.
    bool all_taken(ViewerId id);

    std::vector<ViewerInfo> viewers() const;
    /// Why the guest's output does not come, in words for those who watch; empty: it does.
    const std::string& silence() const { return silence_; }
    const Ring& ring() const { return ring_; }

    // For the guest's side

    void output(std::string_view bytes, WallTime now);
    /// As Ring::mark(). Input that was typed for the boot before is dropped with it.
    void mark(Mark::Kind kind, WallTime now);
    /// The guest has stopped: those who watch it now read to the end of its output and no further.
    void finish();

    /// What is to be written to the guest next, in order; empty while it is held. Valid until the next call.
    std::string_view input() const { return held_ ? std::string_view() : std::string_view(input_); }
    void input_written(std::size_t bytes);
    /// A paused guest's input waits.
    void hold_input(bool hold);
    /// Whether this daemon is the only one who reads the tty.
    void set_exclusive(bool exclusive) { exclusive_ = exclusive; }
    /// As silence() has it. Those who watch are told when it changes.
    void set_silence(std::string why);

 private:
    struct Seat {
        Viewer* viewer;
        std::string name;
        bool watches_on;
        Offset position;
        std::uint64_t missed = 0;
        Time read;                         ///< when it last did, or was told that it can again
        bool waits = false;                ///< to be told that it can
        std::optional<Offset> until = {};  ///< set when the guest has stopped
    };

    Seat* find(ViewerId id);
    bool is_full() const;
    void drop_a_stuck_one(const std::string& by);
    void tell_each(const std::function<void(Seat&)>& tell);
    void tell_readable();
    void unseat(ViewerId former, const std::string& by);
    void set_writer(ViewerId id);
    void offer_input() const;

    std::string label_;
    Ring ring_;
    std::function<void()> input_ready_;
    std::function<Time()> now_;
    IdSource<ViewerTag> ids_;
    std::map<ViewerId, Seat> seats_;
    ViewerId writer_;
    std::string input_;
    std::string silence_;
    bool writer_waits_ = false;   ///< for room
    bool writer_drains_ = false;  ///< waits until nothing is left
    bool held_ = false;
    bool exclusive_ = false;
};

}  // namespace virtlight::console
