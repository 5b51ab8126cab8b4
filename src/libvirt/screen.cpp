// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libvirt/bytes_stream.hpp"
#include "libvirt/calls.hpp"

namespace virtlight::libvirt::calls {

/// What is sent is the picture of the moment of the call; no guest of Xen's has a second screen.
async::Task<Result<Streamed<std::optional<std::string>>>> screenshot(Manager& manager, ScreenshotArgs args) {
    if (args.screen != 0)
        co_return fail(Reason::invalid_argument, "there is no screen {}: a guest has one, and it is 0",
                       args.screen);
    auto picture = co_await manager.screenshot(args.dom.uuid);
    if (!picture) co_return std::unexpected(std::move(picture.error()));
    co_return Streamed<std::optional<std::string>>{std::move(picture->type),
                                                   std::make_unique<BytesStream>(std::move(picture->bytes))};
}

}  // namespace virtlight::libvirt::calls
