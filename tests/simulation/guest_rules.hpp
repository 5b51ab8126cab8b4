// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "simulated/machine.hpp"

namespace virtlight::simulation {

/// What a guest has in its memory is not lost and is not had twice:
///
///     a guest that runs is removed only because somebody said so or because it has stopped by itself;
///     one that is suspended to be saved, only when its image is whole;
///     a managed image goes only when its guest runs again, or because somebody said so, and is not
///     forgotten; a managed image whose guest has run since is never restored.
class GuestRules {
 public:
    /// `managed`: the folder of managed images, each named by its uuid.
    GuestRules(const simulated::Machine& machine, std::filesystem::path managed);

    /// After each step of the loop.
    void step();

    // What the daemon has the hypervisor do.
    void runs(simulated::DomId domid);
    void saves(simulated::DomId domid, const std::filesystem::path& path) { saving_.emplace(path, domid); }
    void saving_ended(simulated::DomId domid, const std::filesystem::path& path);
    /// The daemon was killed.
    void nobody_saves() { saving_.clear(); }
    void restores(Uuid uuid, const std::filesystem::path& path);
    void xl_lets_run(simulated::DomId domid) { xl_ran_.insert(domid); }
    /// A client wanted it of a daemon that was killed, or that could not: the next one may do it.
    void was_to_be_destroyed(Uuid uuid);
    /// `asked`: a client wants it.
    void destroys(simulated::DomId domid, bool asked);

    // What the daemon does on the disk.
    void renamed(const std::filesystem::path& from, const std::filesystem::path& to);
    /// `asked`: a client wants the image of this uuid removed.
    void removed(const std::filesystem::path& path, bool asked);
    /// Whose managed image, also one that is set aside, has this name.
    std::optional<Uuid> owner(const std::filesystem::path& path) const;
    /// Somebody has let the guest run.
    bool has_run(simulated::DomId domid) const { return ran_.contains(domid) || xl_ran_.contains(domid); }
    bool has_image(Uuid uuid) const { return images_.contains(image(uuid)); }
    /// A guest of this uuid has lived as this domid.
    bool has_lived(Uuid uuid, simulated::DomId domid) const { return lived_.contains({uuid, domid}); }

    /// Everything that was wrong; empty: nothing.
    const std::string& broken() const { return broken_; }

 private:
    std::optional<hypervisor::DomainSeen> find(simulated::DomId domid) const;
    /// And not only is there: one that was started paused has executed nothing.
    bool runs_again(Uuid uuid) const;
    std::filesystem::path image(Uuid uuid) const { return managed_ / (to_string(uuid) + ".image"); }

    const simulated::Machine& machine_;
    const std::filesystem::path managed_;
    std::size_t domains_ = 0;            ///< at the last step
    std::set<simulated::DomId> ran_;     ///< lives that the daemon has let run
    std::set<simulated::DomId> xl_ran_;  ///< lives that another tool has let run
    std::set<simulated::DomId> imaged_;  ///< lives whose image is whole, and that have not run since
    std::set<simulated::DomId> doomed_;  ///< lives that were to be destroyed when the daemon was killed
    std::set<std::pair<Uuid, simulated::DomId>> lived_;
    std::map<std::filesystem::path, simulated::DomId> saving_;
    std::map<std::filesystem::path, bool> images_;  ///< managed ones; whether its guest has run since
    std::string broken_;
};

}  // namespace virtlight::simulation
