// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "async/blocking.hpp"
#include "async/bounded.hpp"
#include "async/cancel.hpp"
#include "async/completion.hpp"
#include "async/scheduler.hpp"
#include "async/task.hpp"
#include "base/limits.hpp"
#include "base/result.hpp"
#include "hypervisor/disk_files.hpp"
#include "xenlight/core_link.hpp"

namespace virtlight::xenlight {

/// Short looks at files and at what the kernel tells of devices. Storage that does not answer, as that of a
/// server which is gone, holds a thread for as long as it likes: who asked waits no longer than
/// limits::file_look, and there is one look at a time at each place, so that a place that hangs holds one
/// thread. Looks at others go on. Lives on the core thread.
class FileLooks {
 public:
    /// `core` and `threads` must outlive this.
    FileLooks(async::Scheduler& core, std::shared_ptr<CoreLink> link, async::Blocking& threads);

    /// Runs `function`, which answers a Result and must own what it uses, when the looks at `place` before it
    /// have ended. Begins at once. timed_out: it has not ended in time, and goes on if it has begun, or one
    /// before it has held the place for longer than that; too_many: limits::file_looks of them have not
    /// ended.
    template <class Function>
    auto begin(std::string place, Function function) -> async::Completion<std::invoke_result_t<Function&>> {
        using Answer = std::invoke_result_t<Function&>;
        const async::Completion<Answer> done;
        if (auto refused = check(place); !refused) {
            done.set(std::unexpected(std::move(refused.error())));
            return done;
        }
        add(place, [link = link_, places = std::weak_ptr(places_), place, done,
                    function = std::move(function)]() mutable {
            auto answer = function();
            link->post([places = std::move(places), place = std::move(place), done = std::move(done),
                        answer = std::move(answer)]() mutable {
                if (const auto all = places.lock()) ended(*all, place);
                done.set(std::move(answer));
            });
        });
        return done;
    }

    /// The answer of a look that has begun, if it comes by `due`. cancelled.
    template <class T>
    async::Task<Result<T>> answer(std::string place, async::Completion<Result<T>> done, Time due,
                                  async::CancelToken cancel = {}) {
        return async::bounded(core_, std::move(done), due - core_.now(), no_answer(place), std::move(cancel));
    }

    template <class Function>
    auto look(std::string place, Function function) -> async::Task<std::invoke_result_t<Function&>> {
        auto done = begin(place, std::move(function));
        return answer(std::move(place), std::move(done), core_.now() + limits::file_look);
    }

    /// identify_file() of each path, in their order. Whoever asks waits no longer than for one.
    async::Task<std::vector<Result<std::optional<hypervisor::FileIdentity>>>> identify(
        std::vector<std::string> paths, async::CancelToken cancel);

 private:
    struct Places;

    static Error no_answer(const std::string& place);
    Result<> check(const std::string& place) const;
    void add(const std::string& place, async::Work work);
    static void ended(Places& places, const std::string& place);

    async::Scheduler& core_;
    std::shared_ptr<CoreLink> link_;
    std::shared_ptr<Places> places_;  ///< the core's; looks that outlive it know it by a weak pointer
};

/// Where a look at this path is one: the folder that it is in.
std::string place_of(const std::string& path);

}  // namespace virtlight::xenlight
