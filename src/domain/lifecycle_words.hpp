// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <span>

#include "domain/definition.hpp"
#include "domain/xml_values.hpp"

/// What is done when a guest stops, in the words that libvirt and xl share.
namespace virtlight::domain {

inline constexpr Word<LifecycleAction> crash_actions[] = {
    {"destroy", LifecycleAction::destroy},
    {"restart", LifecycleAction::restart},
    {"rename-restart", LifecycleAction::rename_restart},
    {"preserve", LifecycleAction::preserve},
    {"coredump-destroy", LifecycleAction::coredump_destroy},
    {"coredump-restart", LifecycleAction::coredump_restart},
};

/// Only a crash leaves something to dump.
inline constexpr auto stop_actions = std::span(crash_actions).first(4);

}  // namespace virtlight::domain
