// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "async/scheduler.hpp"
#include "async/task.hpp"
#include "base/file.hpp"
#include "base/uuid.hpp"
#include "xenlight/model_disks.hpp"

namespace virtlight::xenlight {

/// The guests that have a device model, from the folder of its sockets. Blocks.
std::vector<hypervisor::DomId> guests_with_models(const std::filesystem::path& folder = "/var/run/xen");

/// What device models have counted of the disks that they serve. Each is asked beside everything else, on the
/// socket that libxl gives to those who measure, one question at a time; what it said last is what is known.
/// So one that hangs is waited for once, and from then on only asked. Lives on the core thread.
class ModelCounters {
 public:
    /// `core` must outlive this.
    explicit ModelCounters(async::FdScheduler& core, std::filesystem::path folder = "/var/run/xen");
    ModelCounters(const ModelCounters&) = delete;
    ModelCounters& operator=(const ModelCounters&) = delete;
    ~ModelCounters();

    struct Guest {
        hypervisor::DomId domid = 0;
        Uuid uuid{};
    };
    /// Asks the device models of these guests, and ends when all have answered that did so the last time, or
    /// when `patience` has passed.
    async::Task<> refresh(std::vector<Guest> guests, Duration patience);

    /// What is known of a guest.
    const std::vector<ModelDisk>& of(const Guest& guest) const;

    /// Forgets all guests but these, with those that are being asked.
    void keep(const std::vector<hypervisor::DomId>& guests);

 private:
    struct Wait;
    struct Question;
    struct Model {
        Uuid uuid{};
        std::vector<ModelDisk> known{};
        bool answers = true;                   ///< it did the last time
        std::unique_ptr<Question> question{};  ///< null: it is not being asked
    };
    using DomId = hypervisor::DomId;

    void ask(DomId domid, Model& model);
    void listen(DomId domid);
    void end(Model& model, bool answered);

    async::FdScheduler& core_;
    std::filesystem::path folder_;
    std::map<DomId, Model> models_;
    std::size_t asked_ = 0;  ///< questions that are open
};

}  // namespace virtlight::xenlight
