// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>

#include "async/task.hpp"
#include "manager/core.hpp"
#include "manager/jobs.hpp"

namespace virtlight::manager {

/// Gives domains other names: because a client asks for it, or as another tool has done so in Xen.
class Renaming {
 public:
    Renaming(Core& core, Jobs& jobs) : core_(core), jobs_(jobs) {}

    /// A job, as operations.hpp has it: in Xen, if it runs, and in the store. While it is on its way the name
    /// is taken.
    async::Task<Result<>> rename(DomainRef domain, std::string name, hypervisor::Operation operation);
    /// In Xen it has another name now: in its turn it gets it here, too. If another domain of ours has it,
    /// that keeps it, and this one waits for it (Life::awaited_name); but not for ever, where others wait for
    /// its own.
    void follow(const DomainRef& domain);

 private:
    async::Task<Result<>> rename_in_xen(DomainRef domain, std::string name, hypervisor::Operation operation);
    async::Task<Result<>> take_name(DomainRef domain, std::string name);
    async::Task<Result<>> take_over(DomainRef domain);
    bool is_in_ring(const Domain& domain) const;
    async::Task<Result<>> step_aside(DomainRef domain);

    Core& core_;
    Jobs& jobs_;
};

}  // namespace virtlight::manager
