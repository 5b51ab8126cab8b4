// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "async/scope.hpp"
#include "base/file.hpp"
#include "domain/definition.hpp"
#include "hypervisor/port.hpp"
#include "xenlight/builds.hpp"
#include "xenlight/file_looks.hpp"
#include "xenlight/host_memory.hpp"
#include "xenlight/libxl.hpp"
#include "xenlight/spice_port.hpp"
#include "xenlight/workers.hpp"

namespace virtlight::xenlight {

/// What all makings of domains have in common. It outlasts the tasks that have it.
struct Making {
    Workers& workers;
    Builds& builds;
    HostMemory& memory;
    FileLooks& looks;
    async::Scope& late;  ///< what is done about those that libxl ends after they were given up
};

/// A domain that is being made: what libxl works with, for as long as it does.
struct Creation {
    Creation(domain::Definition asked, Builds& builds, std::shared_ptr<hypervisor::Progress> told)
        : definition(std::move(asked)),
          build(builds.begin(definition.uuid, definition.pci_devices)),
          progress(std::move(told)) {}

    std::string what() const {
        return fmt::format("{} domain '{}'", stream ? "restore" : "start", definition.name);
    }
    void tell_stage(hypervisor::Stage stage) const {
        if (progress) progress->stage = stage;
    }

    domain::Definition definition;
    std::filesystem::file_time_type began = std::filesystem::file_time_type::clock::now();
    std::shared_ptr<const Fd> stream{};  ///< what it is restored from; null: it is started
    std::shared_ptr<Build> build;
    std::shared_ptr<hypervisor::Progress> progress;  ///< null: nobody wants to know
    DomainConfig config;
    RestoreParameters parameters;
    std::optional<SpicePort> spice_port{};  ///< that libxl is told of
    std::uint64_t memory_kib = 0;           ///< what it needs of the host's, also beside its own
    /// Set by libxl at the end, also for a half-made domain.
    hypervisor::DomId domid = static_cast<hypervisor::DomId>(INVALID_DOMID);
};

/// On the core, for as long as somebody waits for the domain: it takes no more memory afterwards.
class Awaited {
 public:
    explicit Awaited(std::shared_ptr<Build> build) : build_(std::move(build)) {}
    Awaited(const Awaited&) = delete;
    Awaited& operator=(const Awaited&) = delete;
    ~Awaited() {
        if (!build_->given_up) build_->memory_kib = 0;
    }

 private:
    std::shared_ptr<Build> build_;
};

}  // namespace virtlight::xenlight
