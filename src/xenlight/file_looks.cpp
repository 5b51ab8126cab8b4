// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/file_looks.hpp"

#include <filesystem>

#include "base/clock.hpp"

namespace virtlight::xenlight {

struct FileLooks::Places {
    /// One place, while somebody looks there.
    struct Place {
        Time since;                               ///< when the look that holds it has begun
        std::map<Ticket, async::Work> waiting{};  ///< in the order of their tickets
    };

    Places(async::Scheduler& core_, async::Blocking& threads_) : core(core_), threads(threads_) {}

    async::Scheduler& core;
    async::Blocking& threads;
    std::map<std::string, Place> busy{};
    std::size_t open = 0;  ///< looks that wait, or were begun and have not ended
    Ticket last = 0;
};

FileLooks::FileLooks(async::Scheduler& core, std::shared_ptr<CoreLink> link, async::Blocking& threads)
    : core_(core), link_(std::move(link)), places_(std::make_shared<Places>(core, threads)) {}

Error FileLooks::no_answer(const std::string& place) {
    return {Reason::timed_out, fmt::format("the storage of '{}' has not answered within {} s", place,
                                           std::chrono::duration_cast<seconds>(limits::file_look).count())};
}

Result<> FileLooks::check(const std::string& place) const {
    const auto found = places_->busy.find(place);
    if (found != places_->busy.end()) {
        if (core_.now() - found->second.since > limits::file_look) return std::unexpected(no_answer(place));
        // So that a place that hangs cannot use up what all have.
        if (const auto waiting = found->second.waiting.size(); waiting >= limits::file_looks_at_place)
            return fail(Reason::too_many, "{} looks at '{}' wait already", waiting, place);
    }
    if (places_->open >= limits::file_looks)
        return fail(Reason::too_many, "{} looks at files have not ended", places_->open);
    return {};
}

FileLooks::Wish FileLooks::add(const std::string& place, async::Work work) {
    ++places_->open;
    const auto [found, is_free] = places_->busy.try_emplace(place, core_.now());
    if (is_free) {
        places_->threads.submit(std::move(work));
        return {};
    }
    const auto ticket = ++places_->last;
    found->second.waiting.emplace(ticket, std::move(work));
    return {places_, place, ticket};
}

FileLooks::Wish::~Wish() {
    const auto places = places_.lock();
    if (!places) return;
    const auto found = places->busy.find(place_);
    if (found != places->busy.end()) places->open -= found->second.waiting.erase(ticket_);
}

void FileLooks::ended(Places& places, const std::string& place) {
    --places.open;
    const auto found = places.busy.find(place);
    auto& waiting = found->second.waiting;
    if (waiting.empty()) {
        places.busy.erase(found);
        return;
    }
    found->second.since = places.core.now();
    places.threads.submit(std::move(waiting.extract(waiting.begin()).mapped()));
}

async::Task<FileLooks::Identities> FileLooks::identify(std::vector<std::string> paths,
                                                       async::CancelToken cancel) {
    std::vector<Look<Identity>> looks;
    for (const auto& path : paths)
        looks.push_back(
            {place_of_identity(path), [path] { return Result<Identity>(hypervisor::identify_file(path)); }});
    return look_at_each(std::move(looks), std::move(cancel));
}

std::string place_of(const std::string& path) {
    return std::filesystem::path(path).parent_path().string();
}

std::string place_of_identity(const std::string& path) {
    return path.starts_with("/dev/loop") ? path : place_of(path);
}

std::string place_of_data(const std::string& path) {
    return path.starts_with("/dev/") ? path : place_of(path);
}

}  // namespace virtlight::xenlight
