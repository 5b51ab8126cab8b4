// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "async/task.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/uuid.hpp"
#include "domain/definition.hpp"
#include "manager/held.hpp"

namespace virtlight::manager {

/// A persistent domain, as kept over restarts of the daemon and the host.
struct Stored {
    domain::Definition definition;
    bool autostart = false;
    bool autostart_once = false;  ///< at the next boot of the host alone
};

/// What a running domain was started with, kept until it is gone: a definition may change or vanish under a
/// running guest, and Xen does not know all of it.
struct StoredLife {
    domain::Definition definition;
    unsigned domid = 0;  ///< 0: it is being made, and was never let run
    Held held = Held::no;
    bool ours = true;    ///< else another tool has made it, and it is noted only while it is held
    bool again = false;  ///< it is to start anew: what is over of it, or has come to nothing, is no end
    bool over = false;   ///< the host has booted since: nothing of it can be left. Told by load().
    Anew anew{};         ///< how it is to start anew
    std::vector<domain::PciAddress> pci_taken{};  ///< as in Life
    unsigned short_lives = 0;                     ///< as in Domain: with this one, if it is to start anew
    std::optional<Time> since{};                  ///< as in Life, by a clock that begins with the host's boot
};

/// Where definitions outlive the daemon: the authority on what is defined. Each change is in effect when its
/// task ends with success and has not happened when it fails; after a crash in between either is true, and
/// nothing else. Called on the core thread; never blocks it.
class Store {
 public:
    struct Content {
        std::vector<Stored> domains;
        std::vector<StoredLife> lives;
        std::vector<Uuid> images;        ///< of whom there is a managed image
        std::vector<Uuid> images_aside;  ///< and of whom there is one that was set aside
        std::string autostarted_in;      ///< in which boot of the host the autostart was last done
        std::vector<std::string>
            problems;  ///< a sentence for each file that could not be read and was left alone
    };

    virtual ~Store() = default;
    virtual async::Task<Result<Content>> load() = 0;
    /// Refuses what load() could not read.
    virtual async::Task<Result<>> save(Stored domain) = 0;
    /// With all that was saved of its guest and set aside, which may be gone although this fails.
    virtual async::Task<Result<>> remove(Uuid uuid) = 0;
    /// All that was to be started with the host has been, in this boot of it.
    virtual async::Task<Result<>> note_autostart(std::string boot) = 0;
    /// With domid 0 a start begins: an image that is aside from before cannot be taken back any more.
    virtual async::Task<Result<>> save_life(StoredLife life) = 0;
    virtual async::Task<Result<>> remove_life(Uuid uuid) = 0;
    /// Where the managed image of a domain is, or is to be; the folder is there.
    virtual std::filesystem::path image_path(Uuid uuid) const = 0;
    /// Where the core of a domain's guest that has crashed is kept: of the last one, if its definition asks
    /// for that. The folder is there.
    virtual std::filesystem::path core_path(const std::string& name) const = 0;
    /// A guest that runs changes its disks, and what was saved of it before is not true any more. So its
    /// image is set aside before it is let run: it is no managed image then, to this daemon and the next.
    virtual async::Task<Result<>> set_image_aside(Uuid uuid) = 0;
    /// The guest has not run. An image that is not aside is no failure, and is left as it is.
    virtual async::Task<Result<>> take_image_back(Uuid uuid) = 0;
    /// With the one that is set aside.
    virtual async::Task<Result<>> remove_image(Uuid uuid) = 0;
};

}  // namespace virtlight::manager
