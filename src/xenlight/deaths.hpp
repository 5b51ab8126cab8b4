// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <unordered_map>

#include "hypervisor/port.hpp"
#include "xenlight/handle.hpp"

namespace virtlight::xenlight {

/// Which lives libxl watches for their end. What libxl reports comes as a domain event of the context, which
/// carries the LifeId as `for_user`: a domid alone may name the next domain already.
///
/// libxl says nothing of what happened before a life was followed, and each shutdown only once; whoever
/// follows a life must look at it afterwards.
class Deaths {
 public:
    /// Must outlive this; freeing it also frees what is followed.
    explicit Deaths(Handle& handle) : handle_(handle) {}

    /// False if libxl refuses. A life that is followed already is left as it is.
    bool follow(hypervisor::LifeId life, hypervisor::DomId domid);
    /// A life that is not followed is ignored.
    void unfollow(hypervisor::LifeId life);

    bool follows(hypervisor::LifeId life) const { return followed_.contains(life); }
    std::size_t size() const { return followed_.size(); }

 private:
    Handle& handle_;
    std::unordered_map<hypervisor::LifeId, libxl_evgen_domain_death*> followed_;
};

}  // namespace virtlight::xenlight
