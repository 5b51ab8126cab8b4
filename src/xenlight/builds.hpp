// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/uuid.hpp"
#include "xenlight/under_way.hpp"

namespace virtlight::xenlight {

/// A domain that libxl is making.
struct Build {
    Uuid uuid{};
    std::uint64_t memory_kib = 0;  ///< what was found for it of the host's memory, and is to be left to it
    bool given_up = false;         ///< libxl still works on it, though nobody waits for it any more
};

/// All of them.
class Builds {
 public:
    std::shared_ptr<Build> begin(const Uuid& uuid) { return builds_.begin({.uuid = uuid}); }

    std::vector<Build> under_way() const {
        std::vector<Build> all;
        for (const auto& build : builds_.all())
            all.push_back(*build);
        return all;
    }

    /// What is made of these is of no concern to anybody: it is about to be removed.
    std::vector<Uuid> given_up() const {
        std::vector<Uuid> uuids;
        for (const auto& build : builds_.all())
            if (build->given_up) uuids.push_back(build->uuid);
        return uuids;
    }

 private:
    UnderWay<Build> builds_;
};

}  // namespace virtlight::xenlight
