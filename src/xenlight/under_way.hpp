// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <memory>
#include <utility>
#include <vector>

namespace virtlight::xenlight {

/// What libxl works on. Each work is there until libxl is done with it, and for as long as something of it
/// has to be removed: whoever does that holds it, on whatever thread. Otherwise the core's.
template <class Work>
class UnderWay {
 public:
    std::shared_ptr<Work> begin(Work work) {
        std::erase_if(works_, [](const auto& each) { return each.expired(); });
        auto begun = std::make_shared<Work>(std::move(work));
        works_.push_back(begun);
        return begun;
    }

    std::vector<std::shared_ptr<const Work>> all() const {
        std::vector<std::shared_ptr<const Work>> all;
        for (const auto& each : works_)
            if (auto work = each.lock()) all.push_back(std::move(work));
        return all;
    }

 private:
    std::vector<std::weak_ptr<Work>> works_;
};

}  // namespace virtlight::xenlight
