// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
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
#include "async/scope.hpp"
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
    using Identity = std::optional<hypervisor::FileIdentity>;
    using Identities = std::vector<Result<Identity>>;

    /// One of many looks.
    template <class T>
    struct Look {
        std::string place;
        std::function<Result<T>()> function;  ///< owns what it uses
    };

    /// `core` and `threads` must outlive this.
    FileLooks(async::Scheduler& core, std::shared_ptr<CoreLink> link, async::Blocking& threads);

    /// Runs `function`, which answers a Result and must own what it uses, when the looks at `place` before it
    /// have ended. Begins at once. timed_out: it has not ended in time, and goes on if it has begun, or one
    /// before it has held the place for longer than that; too_many: limits::file_looks_at_place wait there,
    /// or limits::file_looks in all have not ended; cancelled. One that waits does so no longer than its
    /// caller.
    template <class Function>
    auto look(std::string place, Function function, async::CancelToken cancel = {})
        -> async::Task<std::invoke_result_t<Function&>> {
        auto begun = begin(place, std::move(function));
        return answer(std::move(place), std::move(begun), core_.now() + limits::file_look, std::move(cancel));
    }

    /// The answers are in the order of the looks. Whoever asks waits no longer than for one, and has one look
    /// at each place at a time.
    template <class T>
    async::Task<std::vector<Result<T>>> look_at_each(std::vector<Look<T>> looks, async::CancelToken cancel);

    /// identify_file() of each path, in their order, as look_at_each() does it.
    async::Task<Identities> identify(std::vector<std::string> paths, async::CancelToken cancel);

 private:
    struct Places;
    using Ticket = std::uint64_t;

    /// That somebody wants a look. A look that still waits when this goes is given up.
    class Wish {
     public:
        Wish() = default;
        Wish(std::weak_ptr<Places> places, std::string place, Ticket ticket)
            : places_(std::move(places)), place_(std::move(place)), ticket_(ticket) {}
        Wish(Wish&& other) noexcept = default;
        ~Wish();

     private:
        std::weak_ptr<Places> places_;
        std::string place_;
        Ticket ticket_ = 0;
    };

    template <class Answer>
    struct Begun {
        async::Completion<Answer> done;
        Wish wish;
    };

    template <class Function>
    auto begin(std::string place, Function function) -> Begun<std::invoke_result_t<Function&>> {
        const async::Completion<std::invoke_result_t<Function&>> done;
        if (auto refused = check(place); !refused) {
            done.set(std::unexpected(std::move(refused.error())));
            return {done, {}};
        }
        auto work = [link = link_, places = std::weak_ptr(places_), place, done,
                     function = std::move(function)]() mutable {
            auto answer = function();
            link->post([places = std::move(places), place = std::move(place), done = std::move(done),
                        answer = std::move(answer)]() mutable {
                if (const auto all = places.lock()) ended(*all, place);
                done.set(std::move(answer));
            });
        };
        return {done, add(place, std::move(work))};
    }

    /// The answer of a look that has begun, if it comes by `due`. cancelled.
    template <class T>
    async::Task<Result<T>> answer(std::string place, Begun<Result<T>> begun, Time due,
                                  async::CancelToken cancel = {}) {
        const auto wish = std::move(begun.wish);  // gone before the caller goes on
        co_return co_await async::bounded(core_, std::move(begun.done), due - core_.now(), no_answer(place),
                                          std::move(cancel));
    }

    template <class T>
    async::Task<Result<T>> look_by(Look<T> look, Time due, async::CancelToken cancel);
    template <class T>
    async::Task<> look_in_turn(std::map<std::size_t, Look<T>> looks, Time due, async::CancelToken cancel,
                               std::shared_ptr<std::vector<Result<T>>> answers);

    static Error no_answer(const std::string& place);
    Result<> check(const std::string& place) const;
    Wish add(const std::string& place, async::Work work);
    static void ended(Places& places, const std::string& place);

    async::Scheduler& core_;
    std::shared_ptr<CoreLink> link_;
    std::shared_ptr<Places> places_;  ///< the core's; looks that outlive it know it by a weak pointer
};

// Which place a look belongs to: looks at one place take turns.

/// Of a look at a path itself: the folder that it is in.
std::string place_of(const std::string& path);

/// Of a look at what a path leads to: the same; but a loop device is a place of its own, as the file behind
/// it is looked at, wherever that is.
std::string place_of_identity(const std::string& path);

/// Of a look into a file: the same; but each device is a place of its own, as one that does not answer says
/// nothing of those whose names stand beside it.
std::string place_of_data(const std::string& path);

template <class T>
async::Task<Result<T>> FileLooks::look_by(Look<T> look, Time due, async::CancelToken cancel) {
    if (cancel.cancelled()) co_return fail(Reason::cancelled, "cancelled");
    if (core_.now() >= due) co_return std::unexpected(no_answer(look.place));
    auto begun = begin(look.place, std::move(look.function));
    co_return co_await answer(std::move(look.place), std::move(begun), due, std::move(cancel));
}

template <class T>
async::Task<> FileLooks::look_in_turn(std::map<std::size_t, Look<T>> looks, Time due,
                                      async::CancelToken cancel,
                                      std::shared_ptr<std::vector<Result<T>>> answers) {
    for (auto& [number, one] : looks)
        (*answers)[number] = co_await look_by(std::move(one), due, cancel);
}

template <class T>
async::Task<std::vector<Result<T>>> FileLooks::look_at_each(std::vector<Look<T>> looks,
                                                            async::CancelToken cancel) {
    /// Goes with whoever asks.
    struct Looking : async::Scope {
        ~Looking() { drop(); }
    };
    const auto due = core_.now() + limits::file_look;
    const auto answers = std::make_shared<std::vector<Result<T>>>(looks.size());
    std::map<std::string, std::map<std::size_t, Look<T>>> places;
    for (std::size_t i = 0; i < looks.size(); ++i)
        places[looks[i].place].emplace(i, std::move(looks[i]));
    // In turn at each place: all at once they would only wait for each other there, and be in the way of
    // those of other callers.
    Looking looking;
    for (auto& [place, here] : places)
        looking.spawn(look_in_turn(std::move(here), due, cancel, answers));
    co_await looking.drained();
    co_return std::move(*answers);
}

}  // namespace virtlight::xenlight
