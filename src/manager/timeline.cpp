// SPDX-License-Identifier: LGPL-2.1-or-later
#include "manager/timeline.hpp"

#include <algorithm>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/limits.hpp"
#include "base/log.hpp"
#include "base/rotated_file.hpp"
#include "base/utf8.hpp"
#include "base/wall_time.hpp"
#include "domain/text.hpp"

namespace virtlight::manager {
namespace {

namespace fs = std::filesystem;
using boost::json::object;

/// What others have said: JSON carries UTF-8 only.
std::string told_text(std::string_view text) {
    return domain::as_utf8(cut_to(text, limits::timeline_text));
}

object line(const std::string& name, Uuid uuid, int domid, std::string_view type) {
    object line{{"time", to_string(wall_now())},
                {"type", type},
                {"domain", domain::as_utf8(name)},
                {"uuid", to_string(uuid)}};
    if (domid >= 0) line["domid"] = domid;
    return line;
}

object line(const Domain& domain, std::string_view type) {
    return line(domain.name, domain.uuid, domain.domid(), type);
}

std::string text_of(const object& line) {
    return boost::json::serialize(line) + "\n";
}

/// Where so many lines are missing.
std::string lost_text(std::size_t lines) {
    return lines == 0 ? "" : text_of({{"type", "lost"}, {"lines", lines}});
}

void add_failure(object& line, const Error& why) {
    line["result"] = why.reason == Reason::cancelled ? "cancelled" : "failed";
    line["error"] = told_text(why.message);
    if (why.details.empty()) return;
    auto& lines = line["lines"].emplace_array();
    for (const auto& detail : why.details)
        lines.emplace_back(told_text(detail));
}

/// An event and its detail in words, of each kind; docs/timeline.md lists them.
using EventWords = std::pair<std::string_view, std::string>;

EventWords event_words(const domain::Lifecycle& kind) {
    const auto [event, detail] = domain::words(kind);
    return {event, std::string(detail)};
}
EventWords event_words(const domain::Rebooted&) {
    return {"rebooted", ""};
}
EventWords event_words(const domain::WatchdogFired& kind) {
    static constexpr const char* actions[] = {"none", "pause", "reset", "poweroff"};
    return {"watchdog fired", actions[std::to_underlying(kind.action)]};
}
EventWords event_words(const domain::ModelEnded&) {
    return {"control error", ""};
}
EventWords event_words(const domain::MemoryChanged& kind) {
    return {"memory changed", fmt::format("{} KiB", kind.memory_kib)};
}
EventWords event_words(const domain::JobEnded& kind) {
    static constexpr const char* states[] = {"", "", "completed", "failed", "cancelled"};
    return {"job ended", states[std::to_underlying(kind.job.state)]};
}
EventWords event_words(const domain::DeviceAdded& kind) {
    return {"device added", kind.alias};
}
EventWords event_words(const domain::DeviceRemoved& kind) {
    return {"device removed", kind.alias};
}
EventWords event_words(const domain::DeviceRemovalFailed& kind) {
    return {"device removal failed", kind.alias};
}
EventWords event_words(const domain::MediumChanged& kind) {
    return {"medium changed", kind.there ? kind.alias : kind.alias + " is empty"};
}
EventWords event_words(const domain::MetadataChanged& kind) {
    static constexpr const char* kinds[] = {"description", "title", "element"};
    const std::string what = kinds[std::to_underlying(kind.kind)];
    return {"metadata changed", kind.uri.empty() ? what : what + " " + kind.uri};
}

/// So that domains that come and go under ever new names do not fill the disk.
void make_room(const fs::path& folder) {
    std::vector<fs::path> files;
    std::error_code error;
    for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error))
        files.push_back(at->path());
    if (files.size() < limits::domains) return;
    // Only now: to ask for the time of each costs far more than its name.
    const auto oldest = std::ranges::min_element(
        files, {}, [&error](const fs::path& file) { return fs::last_write_time(file, error); });
    fs::remove(*oldest, error);
}

Result<> append(const fs::path& folder, const std::string& name, const std::string& text) {
    const auto path = folder / (name + ".jsonl");
    std::error_code error;
    if (!fs::exists(path, error)) make_room(folder);
    return append_rotated(path, text,
                          {.bytes = limits::timeline_bytes, .old_files = limits::timeline_old_files});
}

}  // namespace

void Timeline::begun(const Domain& domain, const RunningJob& job, Duration waited) {
    if (!writer_) return;
    auto begun = line(domain, "begin");
    begun["job"] = job.id.value;
    begun["operation"] = rules(job.kind).verb;
    if (!job.client.empty()) begun["client"] = told_text(job.client);
    begun["waited_ms"] = in_milliseconds(waited);
    put(domain.name, text_of(begun));
}

void Timeline::phase(const Domain& domain, std::string_view phase) {
    if (!writer_ || !domain.job) return;
    auto reached = line(domain, "phase");
    reached["job"] = domain.job->id.value;
    reached["phase"] = phase;
    reached["after_ms"] = in_milliseconds(scheduler_.now() - domain.job->since);
    put(domain.name, text_of(reached));
}

void Timeline::ended(const Domain& domain, const RunningJob& job, const Result<>& result) {
    if (!writer_) return;
    auto ended = line(domain, "end");
    ended["job"] = job.id.value;
    ended["operation"] = rules(job.kind).verb;
    ended["took_ms"] = in_milliseconds(scheduler_.now() - job.since);
    if (job.progress->bytes_all > 0) ended["bytes"] = job.progress->bytes.load();
    if (result)
        ended["result"] = "done";
    else
        add_failure(ended, result.error());
    put(domain.name, text_of(ended));
}

void Timeline::dropped(const Domain& domain, JobKind kind, const std::string& client, const Error& why) {
    if (!writer_) return;
    auto dropped = line(domain, "dropped");
    dropped["operation"] = rules(kind).verb;
    if (!client.empty()) dropped["client"] = told_text(client);
    add_failure(dropped, why);
    put(domain.name, text_of(dropped));
}

void Timeline::told(const domain::Event& event, const Domain* domain) {
    if (!writer_) return;
    const auto [what, detail] = std::visit([](const auto& kind) { return event_words(kind); }, event.kind);
    auto told = line(event.name, event.uuid, event.domid, "event");
    told["event"] = what;
    if (!detail.empty()) told["detail"] = told_text(detail);
    told["state"] = domain::to_string(domain ? domain->status.state : domain::State::shutoff);
    if (event.seen)
        told["by"] = "the guest or another tool";
    else if (const auto* const job = domain ? current_job(*domain) : nullptr)
        told["job"] = job->id.value;
    put(event.name, text_of(told));
}

void Timeline::note(const Domain& domain, std::string_view text) {
    if (!writer_) return;
    auto noted = line(domain, "note");
    noted["text"] = told_text(text);
    put(domain.name, text_of(noted));
}

void Timeline::put(const std::string& name, std::string_view line) {
    auto& pending = pending_[name];
    if (waiting_ >= limits::timeline_waiting) {
        ++pending.lost;
    } else {
        pending.text += line;
        ++pending.lines;
        ++waiting_;
    }
    if (!std::exchange(writing_, true)) scope_.spawn(write_all());
}

std::size_t Timeline::refused_lines(const std::string& name) const {
    const auto found = lines_refused_.find(name);
    return found == lines_refused_.end() ? 0 : found->second;
}

/// Of more domains than there may be, some are gone: their files will get no line any more.
void Timeline::keep_count(const std::string& name, std::size_t lines) {
    if (lines == 0)
        lines_refused_.erase(name);
    else if (lines_refused_.contains(name) || lines_refused_.size() < limits::domains)
        lines_refused_[name] = lines;
}

async::Task<> Timeline::write_all() {
    while (!pending_.empty()) {
        const auto node = pending_.extract(pending_.begin());
        const auto& name = node.key();
        const auto& pending = node.mapped();
        waiting_ -= pending.lines;
        const auto refused = refused_lines(name);
        auto work = [folder = writer_->folder, name,
                     text = lost_text(refused) + pending.text + lost_text(pending.lost)] {
            return append(folder, name, text);
        };
        const auto written = co_await async::run_blocking(writer_->blocking, scheduler_, std::move(work));
        keep_count(name, written ? 0 : refused + pending.lines + pending.lost);
        if (written.has_value() == refused_) {
            refused_ = !written;
            if (refused_)
                log::warning("timeline: {}; what happens meanwhile is not in it", written.error().message);
        }
    }
    writing_ = false;
}

}  // namespace virtlight::manager
