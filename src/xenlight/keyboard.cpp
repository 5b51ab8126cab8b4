// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/keyboard.hpp"

#include <string>
#include <utility>

#include <fmt/format.h>

#include "xenlight/error.hpp"
#include "xenlight/qmp.hpp"

namespace virtlight::xenlight {
namespace {

using hypervisor::KeyPress;

std::string arguments_of(const KeyPress& press) {
    std::string keys;
    for (const auto key : press.keys)
        keys += fmt::format(R"({}{{"type":"number","data":{}}})", keys.empty() ? "" : ",", key);
    std::string held;
    if (press.held > milliseconds::zero()) held = fmt::format(R"(,"hold-time":{})", press.held.count());
    return fmt::format(R"({{"keys":[{}]{}}})", keys, held);
}

/// The device model answers at once, and lets go of the keys by itself.
Result<> press_on(const std::filesystem::path& socket, const KeyPress& press) {
    auto qmp = Qmp::open(socket);
    if (!qmp) return std::unexpected(std::move(qmp.error()));
    const auto pressed = qmp->execute("send-key", arguments_of(press));
    if (!pressed) return std::unexpected(pressed.error());
    return {};
}

}  // namespace

Result<> press_keys(hypervisor::DomId domid, const KeyPress& press, const std::filesystem::path& folder) {
    auto pressed = press_on(measuring_socket(domid, folder), press);
    if (pressed) return pressed;
    return std::unexpected(
        in_context(fmt::format("send keys to domain {}", domid), std::move(pressed.error())));
}

}  // namespace virtlight::xenlight
