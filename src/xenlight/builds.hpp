// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/uuid.hpp"

namespace virtlight::xenlight {

/// A domain that libxl is making.
struct Build {
    Uuid uuid{};
    std::uint64_t memory_kib = 0;  ///< what was found for it of the host's memory, and is to be left to it
    bool given_up = false;         ///< libxl still works on it, though nobody waits for it any more
};

/// All of them. Each is there until libxl is done with it, and for as long as something of it has to be
/// removed: whoever does that holds it, on whatever thread. Otherwise the core's.
class Builds {
 public:
    std::shared_ptr<Build> begin(const Uuid& uuid) {
        std::erase_if(builds_, [](const auto& build) { return build.expired(); });
        const auto build = std::make_shared<Build>(Build{.uuid = uuid});
        builds_.push_back(build);
        return build;
    }

    std::vector<Build> under_way() const {
        std::vector<Build> all;
        for (const auto& each : builds_)
            if (const auto build = each.lock()) all.push_back(*build);
        return all;
    }

    /// What is made of these is of no concern to anybody: it is about to be removed.
    std::vector<Uuid> given_up() const {
        std::vector<Uuid> uuids;
        for (const auto& build : under_way())
            if (build.given_up) uuids.push_back(build.uuid);
        return uuids;
    }

 private:
    std::vector<std::weak_ptr<Build>> builds_;
};

}  // namespace virtlight::xenlight
