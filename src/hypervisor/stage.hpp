// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string_view>

namespace virtlight::hypervisor {

/// What an operation is at, and so what it waits for: where it does more than one thing, or may wait long.
enum class Stage {
    unnamed,  ///< it does what it was asked for
    looking_at_files,
    asking_for_bridges,  ///< of libvirt's networks
    waiting_for_turn,    ///< as many builds, or images, as there may be are under way
    waiting_for_memory,  ///< of the host's
    building,
    restoring,
    letting_run,
    asking_guest,
    asking_device_model,
    creating_file,  ///< of an image or a core
    saving,
    dumping,
    syncing,  ///< the same file, to its disk
    removing,
    held_back,
};

/// docs/virtlight.1.scd lists them. Empty for one without a name.
constexpr std::string_view in_words(Stage stage) {
    using enum Stage;
    switch (stage) {
        case unnamed: return "";
        case looking_at_files: return "looking at its files";
        case asking_for_bridges: return "asking for the bridges of its networks";
        case waiting_for_turn: return "waiting for its turn";
        case waiting_for_memory: return "waiting for memory of the host";
        case building: return "building the guest";
        case restoring: return "restoring memory";
        case letting_run: return "letting the guest run";
        case asking_guest: return "asking the guest";
        case asking_device_model: return "asking the device model";
        case creating_file: return "creating the file";
        case saving: return "saving memory";
        case dumping: return "dumping memory";
        case syncing: return "syncing the file";
        case removing: return "removing the guest";
        case held_back: return "held back before it starts anew";
    }
    return "";
}

}  // namespace virtlight::hypervisor
