// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>

#include "simulated/machine.hpp"
#include "simulation/disk.hpp"

namespace virtlight::simulation {

/// What a guest has in its memory is not lost and is not had twice:
///
///     a guest that runs is removed only because somebody said so or because it has stopped by itself;
///     one that is suspended to be saved, only when its image is whole;
///     a managed image goes only when its guest runs again, or because somebody said so;
///     a managed image whose guest has run since is never restored.
class GuestRules {
 public:
    /// `managed`: the folder of managed images, each named by its uuid.
    GuestRules(const simulated::Machine& machine, std::filesystem::path managed);

    /// After each step of the loop.
    void step();

    // What the daemon has the hypervisor do.
    void runs(simulated::DomId domid);
    void saves(simulated::DomId domid, std::filesystem::path path) { saving_[std::move(path)] = domid; }
    void restores(Uuid uuid, const std::filesystem::path& path);
    /// `asked`: a client wants it, or has wanted it from a daemon that was killed.
    void destroys(simulated::DomId domid, bool asked);

    /// What the daemon does on the disk. `asked`: a client wants the image of this uuid removed.
    void changed(Disk::Change change, const std::filesystem::path& path, bool asked);
    bool has_image(Uuid uuid) const { return images_.contains(uuid); }
    /// Of a managed image, by the name of its file.
    std::optional<Uuid> owner(const std::filesystem::path& path) const;

    /// Everything that was wrong; empty: nothing.
    const std::string& broken() const { return broken_; }

 private:
    std::optional<hypervisor::DomainSeen> find(simulated::DomId domid) const;
    bool lives(Uuid uuid) const;

    const simulated::Machine& machine_;
    const std::filesystem::path managed_;
    std::size_t domains_ = 0;            ///< at the last step
    std::set<simulated::DomId> ran_;     ///< lives that the daemon has let run
    std::set<simulated::DomId> imaged_;  ///< lives whose image is whole, and that have not run since
    std::map<std::filesystem::path, simulated::DomId> saving_;
    std::map<Uuid, bool> images_;  ///< whether its guest has run since
    std::string broken_;
};

}  // namespace virtlight::simulation
