// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <memory>
#include <utility>
#include <vector>

namespace virtlight::xenlight {

/// The works of one kind that are under way. A work belongs here for as long as somebody holds it: libxl,
/// until it is done with it, and then whoever removes what is left. They may let go of it on any thread; all
/// else is for the core thread.
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
