// SPDX-License-Identifier: LGPL-2.1-or-later
#include "manager/timeline.hpp"

#include <algorithm>
#include <chrono>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/chrono.h>

#include "base/limits.hpp"
#include "base/log.hpp"
#include "base/rotated_file.hpp"

namespace virtlight::manager {
namespace {

namespace fs = std::filesystem;

std::int64_t milliseconds_of(Duration duration) {
    return std::chrono::duration_cast<milliseconds>(duration).count();
}

std::string now_text() {
    const auto now = std::chrono::time_point_cast<milliseconds>(std::chrono::system_clock::now());
    const auto ms = now.time_since_epoch().count() % 1000;
    const auto time = std::chrono::system_clock::to_time_t(now);
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(time), ms);
}

std::string_view cut(std::string_view text) {
    return text.substr(0, limits::timeline_text);
}

void add_failure(JsonLine& line, const Error& why) {
    line.add("result", why.reason == Reason::cancelled ? "cancelled" : "failed")
        .add("error", cut(why.message));
    std::vector<std::string_view> details;
    for (const auto& detail : why.details)
        details.push_back(cut(detail));
    if (!details.empty()) line.add_all("lines", details);
}

std::pair<std::string_view, std::string_view> words(const domain::EventKind& kind) {
    if (std::holds_alternative<domain::Rebooted>(kind)) return {"rebooted", ""};
    const auto* const lifecycle = std::get_if<domain::Lifecycle>(&kind);
    if (!lifecycle) return {};
    const auto [event, detail] = domain::words(*lifecycle);
    return {event, detail};
}

/// So that domains that come and go under ever new names do not fill the disk.
void make_room(const fs::path& folder) {
    std::vector<std::pair<fs::file_time_type, fs::path>> files;
    std::error_code error;
    for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error))
        files.emplace_back(at->last_write_time(error), at->path());
    if (files.size() < limits::domains) return;
    const auto oldest = std::ranges::min_element(files);
    fs::remove(oldest->second, error);
}

Result<> append(const fs::path& folder, const std::string& name, const std::string& text) {
    const auto path = folder / (name + ".jsonl");
    std::error_code error;
    if (!fs::exists(path, error)) make_room(folder);
    return append_rotated(path, text,
                          {.bytes = limits::timeline_bytes, .old_files = limits::timeline_old_files});
}

}  // namespace

JsonLine Timeline::line(const std::string& name, Uuid uuid, int domid, std::string_view type) const {
    JsonLine line;
    line.add("time", now_text()).add("type", type).add("domain", name).add("uuid", to_string(uuid));
    if (domid >= 0) line.add("domid", domid);
    return line;
}

JsonLine Timeline::line(const Domain& domain, std::string_view type) const {
    return line(domain.name, domain.uuid, domain.domid(), type);
}

void Timeline::begun(const Domain& domain, const RunningJob& job, Duration waited) {
    if (!writer_) return;
    auto begun = line(domain, "begin");
    begun.add("job", job.id.value).add("operation", rules(job.kind).verb);
    if (!job.client.empty()) begun.add("client", job.client);
    put(domain.name, begun.add("waited_ms", milliseconds_of(waited)));
}

void Timeline::phase(const Domain& domain, std::string_view phase) {
    if (!writer_ || !domain.job) return;
    const auto elapsed = scheduler_.now() - domain.job->since;
    put(domain.name, line(domain, "phase")
                         .add("job", domain.job->id.value)
                         .add("phase", phase)
                         .add("after_ms", milliseconds_of(elapsed)));
}

void Timeline::ended(const Domain& domain, const RunningJob& job, const Result<>& result) {
    if (!writer_) return;
    auto ended = line(domain, "end");
    ended.add("job", job.id.value).add("operation", rules(job.kind).verb);
    ended.add("took_ms", milliseconds_of(scheduler_.now() - job.since));
    if (job.progress->bytes_all > 0) ended.add("bytes", job.progress->bytes.load());
    if (result)
        ended.add("result", "done");
    else
        add_failure(ended, result.error());
    put(domain.name, ended);
}

void Timeline::dropped(const Domain& domain, JobKind kind, const std::string& client, const Error& why) {
    if (!writer_) return;
    auto dropped = line(domain, "dropped");
    dropped.add("operation", rules(kind).verb);
    if (!client.empty()) dropped.add("client", client);
    add_failure(dropped, why);
    put(domain.name, dropped);
}

void Timeline::told(const domain::Event& event, const Domain* domain) {
    const auto [what, detail] = words(event.kind);
    if (!writer_ || what.empty()) return;
    auto told = line(event.name, event.uuid, event.domid, "event");
    told.add("event", what);
    if (!detail.empty()) told.add("detail", detail);
    told.add("state", domain::to_string(domain ? domain->status.state : domain::State::shutoff));
    if (domain && domain->job)
        told.add("job", domain->job->id.value);
    else
        told.add("by", "the guest or another tool");
    put(event.name, told);
}

void Timeline::note(const Domain& domain, std::string_view text) {
    if (writer_) put(domain.name, line(domain, "note").add("text", cut(text)));
}

void Timeline::put(const std::string& name, const JsonLine& line) {
    auto& pending = pending_[name];
    if (waiting_ >= limits::timeline_waiting) {
        ++pending.lost;
    } else {
        pending.text += line.text();
        ++pending.lines;
        ++waiting_;
    }
    if (!std::exchange(writing_, true)) scope_.spawn(write_all());
}

async::Task<> Timeline::write_all() {
    while (!pending_.empty()) {
        auto node = pending_.extract(pending_.begin());
        auto& pending = node.mapped();
        waiting_ -= pending.lines;
        if (pending.lost > 0)
            pending.text += JsonLine().add("type", "lost").add("lines", pending.lost).text();
        auto work = [folder = writer_->folder, name = node.key(), text = std::move(pending.text)] {
            return append(folder, name, text);
        };
        const auto written = co_await async::run_blocking(writer_->blocking, scheduler_, std::move(work));
        if (written.has_value() == refused_) {
            refused_ = !written;
            if (refused_)
                log::warning("timeline: {}; what happens meanwhile is not in it", written.error().message);
        }
    }
    writing_ = false;
}

}  // namespace virtlight::manager
