// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "async/completion.hpp"
#include "async/scheduler.hpp"
#include "manager/store.hpp"

namespace virtlight::manager {

/// A store that forgets everything at its end, and whose writes take a step of the loop, fail or hang on
/// command.
class MemoryStore final : public Store {
 public:
    explicit MemoryStore(async::Scheduler& scheduler) : scheduler_(scheduler) {}

    std::map<Uuid, Stored> domains;
    std::map<Uuid, StoredLife> lives;
    std::set<Uuid> images;
    std::vector<std::string> problems;
    unsigned writes = 0;

    /// The nth write from now (1: the next) fails, and has not happened.
    void fail_write(unsigned nth) { fails_at_ = writes + nth; }
    /// Writes wait until release().
    void hold() { held_.emplace(); }
    void release() {
        const auto held = *std::exchange(held_, std::nullopt);
        held.set(true);
    }

    async::Task<Result<Content>> load() override {
        Content content;
        for (const auto& [uuid, domain] : domains)
            content.domains.push_back(domain);
        for (const auto& [uuid, life] : lives)
            content.lives.push_back(life);
        content.images.assign(images.begin(), images.end());
        content.problems = problems;
        co_await step();
        co_return content;
    }
    async::Task<Result<>> save(Stored domain) override {
        auto written = co_await write();
        if (written) domains.insert_or_assign(domain.definition.uuid, domain);
        co_return written;
    }
    async::Task<Result<>> remove(Uuid uuid) override {
        auto written = co_await write();
        if (written) domains.erase(uuid);
        co_return written;
    }
    async::Task<Result<>> save_life(StoredLife life) override {
        auto written = co_await write();
        if (written) lives.insert_or_assign(life.definition.uuid, life);
        co_return written;
    }
    std::filesystem::path image_path(Uuid uuid) const override { return "/images/" + to_string(uuid); }
    async::Task<Result<>> remove_image(Uuid uuid) override {
        auto written = co_await write();
        if (written) images.erase(uuid);
        co_return written;
    }
    async::Task<Result<>> remove_life(Uuid uuid) override {
        auto written = co_await write();
        if (written) lives.erase(uuid);
        co_return written;
    }

 private:
    async::Task<> step() {
        const async::Completion<bool> done;
        scheduler_.post([done] { done.set(true); });
        co_await done;
    }
    async::Task<Result<>> write() {
        const bool fails = ++writes == fails_at_;
        if (held_) {
            const auto held = *held_;
            co_await held;
        }
        co_await step();
        if (fails) co_return fail(Reason::io, "the disk is full");
        co_return Result<>{};
    }

    async::Scheduler& scheduler_;
    unsigned fails_at_ = 0;
    std::optional<async::Completion<bool>> held_;
};

}  // namespace virtlight::manager
