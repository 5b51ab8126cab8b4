// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/file_looks.hpp"

#include <deque>
#include <filesystem>
#include <map>

#include "base/clock.hpp"

namespace virtlight::xenlight {

struct FileLooks::Places {
    /// One place, while somebody looks there.
    struct Place {
        Time since;  ///< when the look that holds it has begun
        std::deque<async::Work> waiting{};
    };

    Places(async::Scheduler& core_, async::Blocking& threads_) : core(core_), threads(threads_) {}

    async::Scheduler& core;
    async::Blocking& threads;
    std::map<std::string, Place> busy{};
    std::size_t open = 0;  ///< looks that were begun and have not ended
};

FileLooks::FileLooks(async::Scheduler& core, std::shared_ptr<CoreLink> link, async::Blocking& threads)
    : core_(core), link_(std::move(link)), places_(std::make_shared<Places>(core, threads)) {}

Error FileLooks::no_answer(const std::string& place) {
    return {Reason::timed_out, fmt::format("the storage of '{}' has not answered within {} s", place,
                                           std::chrono::duration_cast<seconds>(limits::file_look).count())};
}

Result<> FileLooks::check(const std::string& place) const {
    if (places_->open >= limits::file_looks)
        return fail(Reason::too_many, "{} looks at files have not ended", places_->open);
    const auto found = places_->busy.find(place);
    if (found != places_->busy.end() && core_.now() - found->second.since > limits::file_look)
        return std::unexpected(no_answer(place));
    return {};
}

void FileLooks::add(const std::string& place, async::Work work) {
    ++places_->open;
    const auto [found, is_free] = places_->busy.try_emplace(place, core_.now());
    if (is_free)
        places_->threads.submit(std::move(work));
    else
        found->second.waiting.push_back(std::move(work));
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
    places.threads.submit(std::move(waiting.front()));
    waiting.pop_front();
}

async::Task<std::vector<Result<std::optional<hypervisor::FileIdentity>>>> FileLooks::identify(
    std::vector<std::string> paths, async::CancelToken cancel) {
    using Identity = std::optional<hypervisor::FileIdentity>;
    const auto due = core_.now() + limits::file_look;
    std::vector<async::Completion<Result<Identity>>> looks;
    for (const auto& path : paths)
        looks.push_back(
            begin(place_of(path), [path] { return Result<Identity>(hypervisor::identify_file(path)); }));
    std::vector<Result<Identity>> answers;
    for (std::size_t i = 0; i < paths.size(); ++i)
        answers.push_back(co_await answer(place_of(paths[i]), looks[i], due, cancel));
    co_return answers;
}

std::string place_of(const std::string& path) {
    return std::filesystem::path(path).parent_path().string();
}

}  // namespace virtlight::xenlight
