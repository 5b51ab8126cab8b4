// SPDX-License-Identifier: LGPL-2.1-or-later
#include "console/console.hpp"

#include <utility>

#include "base/log.hpp"

namespace virtlight::console {

Console::Console(async::FdScheduler& loop, async::Blocking& disk, std::string label, Ring history,
                 LogSettings log, Owner owner)
    : owner_(std::move(owner)),
      tty_(loop, *this),
      broker_(
          std::move(label), std::move(history), [this] { tty_.input_ready(); },
          [&loop] { return loop.now(); }),
      log_(loop, disk, broker_.ring(), std::move(log)) {}

void Console::mark(Mark::Kind kind) {
    broker_.mark(kind, wall_now());
    owner_.changed();
}

void Console::output(std::string_view bytes) {
    broker_.output(bytes, wall_now());
    log_.poke();
    owner_.changed();
}

void Console::gone(const Error& why) {
    log::info("{}", why.message);
    mark(Mark::Kind::gone);
    owner_.lost();
}

}  // namespace virtlight::console
