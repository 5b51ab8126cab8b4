// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "async/blocking.hpp"
#include "async/bounded.hpp"
#include "async/cancel.hpp"
#include "async/completion.hpp"
#include "async/scheduler.hpp"
#include "async/task.hpp"
#include "async/timing.hpp"
#include "base/limits.hpp"
#include "hypervisor/image_writer.hpp"
#include "xenlight/core_link.hpp"

namespace virtlight::xenlight {

/// Where and for whom images are moved. What storage holds there nobody waits for without bound: he is told
/// that it has not answered. What comes too late is dropped there, as it may be a file.
struct Movers {
    async::Scheduler& core;
    std::shared_ptr<CoreLink> link;
    async::Blocking& threads;

    /// Begins `function`, which answers a Result and must own what it uses.
    template <class Function>
    auto begin(Function function) const -> async::Completion<std::invoke_result_t<Function&>> {
        using Answer = std::invoke_result_t<Function&>;
        const async::Completion<Answer> done;
        threads.submit([link = link, &threads = threads, done, function = std::move(function)]() mutable {
            auto answer = function();
            link->post([&threads, done = std::move(done), answer = std::move(answer)]() mutable {
                if (done.is_set())
                    threads.submit([unwanted = std::move(answer)] {});
                else
                    done.set(std::move(answer));
            });
        });
        return done;
    }

    /// timed_out after `patience`; cancelled, when he has not ended soon after that either.
    template <class T>
    async::Task<Result<T>> answer(async::Completion<Result<T>> done, Duration patience,
                                  async::CancelToken cancel = {}) const {
        async::CancelSource left;
        std::optional<async::Deadline> goodbye;
        const auto unwanted =
            cancel.on_cancel([&] { goodbye.emplace(core, core.now() + limits::mover_goodbye, left); });
        co_return co_await async::bounded(core, std::move(done), patience, no_answer(patience), left.token());
    }

    static Error no_answer(Duration patience);
};

/// A failure of storage: "cannot <what>: <why>". One that has not answered is io: a guest that has not is
/// timed_out, and is asked again.
Error of_storage(std::string_view what, Error why);

/// The file of an image or a core, which is being created.
async::Task<Result<std::shared_ptr<hypervisor::ImageWriter>>> created(
    Movers movers, std::string what,
    async::Completion<Result<std::shared_ptr<hypervisor::ImageWriter>>> creating, async::CancelToken cancel);

/// Waits until the file has its name; of one that is given up because it is cancelled, or takes too long,
/// none is there.
async::Task<Result<>> commit_image(Movers movers, std::string what,
                                   std::shared_ptr<hypervisor::ImageWriter> image, async::CancelToken cancel);

/// Lets go of an image that is not committed, and of its file, on a thread that may be held by that.
async::Task<> let_go_of_image(Movers movers, std::shared_ptr<hypervisor::ImageWriter> image);

}  // namespace virtlight::xenlight
