// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <vector>

#include "async/cancel.hpp"
#include "async/task.hpp"
#include "base/result.hpp"
#include "domain/nic.hpp"
#include "manager/domain.hpp"

namespace virtlight::manager {

class Core;

/// Whoever knows libvirt's networks on this host. Called on the core thread; never blocks it.
class Networks {
 public:
    virtual ~Networks() = default;
    /// The bridge that the guests of a network hang on. Ends within limits::network_answer, and soon after it
    /// is cancelled. Errors name the network. no_network; invalid_state: it is not active;
    /// unsupported_config: it has no bridge; io, timed_out, too_many: nobody answers.
    virtual async::Task<Result<std::string>> bridge_of(std::string network, async::CancelToken cancel) = 0;
};

/// Gives those that are on networks the bridges of these, as they are now. One that has a bridge already, as
/// of a guest that starts anew, keeps that where none can be told: with a warning. As Networks; no_support:
/// nobody here knows networks; unsupported_config: the bridge cannot be one.
async::Task<Result<std::vector<domain::Nic>>> find_bridges(Core& core, DomainRef domain,
                                                           std::vector<domain::Nic> nics,
                                                           async::CancelToken cancel);

}  // namespace virtlight::manager
