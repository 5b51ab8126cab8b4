// SPDX-License-Identifier: LGPL-2.1-or-later
#include "hypervisor/image_copy.hpp"

#include <atomic>
#include <memory>
#include <utility>

namespace virtlight::hypervisor {

async::Task<Result<>> rewrite_image(async::Blocking& threads, async::Scheduler& core,
                                    std::filesystem::path path, ImageHead head, Operation operation) {
    const auto stop = std::make_shared<std::atomic<bool>>(false);
    const auto registration = operation.cancel.on_cancel([stop] { *stop = true; });
    auto copy = [path = std::move(path), head = std::move(head), stop, progress = operation.progress] {
        return rewrite_image(path, head, *stop, progress ? &progress->bytes : nullptr);
    };
    co_return co_await async::run_blocking(threads, core, std::move(copy));
}

}  // namespace virtlight::hypervisor
