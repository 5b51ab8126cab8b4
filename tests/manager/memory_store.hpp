// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <functional>
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
    std::set<Uuid> images_aside;
    std::string autostarted_in;
    std::vector<std::string> problems;
    unsigned writes = 0;
    /// Called as a write is about to happen, and when it has.
    std::function<void()> around_write = [] {};

    /// The hypervisor has written this file: a managed image, if that is its place.
    void note_file(const std::filesystem::path& path) {
        const auto uuid = Uuid::parse(path.filename().string());
        if (uuid && path == image_path(*uuid)) images.insert(*uuid);
    }

    /// The nth write from now (1: the next) fails, and has not happened.
    void fail_write(unsigned nth) { fails_at_ = writes + nth; }
    /// No write happens any more.
    bool is_full = false;
    /// Writes wait until release().
    void hold() { held_.emplace(); }
    void release() {
        const auto held = *std::exchange(held_, std::nullopt);
        for (const auto& write : held)
            write.set(true);
    }

    async::Task<Result<Content>> load() override {
        Content content;
        for (const auto& [uuid, domain] : domains)
            content.domains.push_back(domain);
        for (const auto& [uuid, life] : lives)
            content.lives.push_back(life);
        content.images.assign(images.begin(), images.end());
        content.images_aside.assign(images_aside.begin(), images_aside.end());
        content.autostarted_in = autostarted_in;
        content.problems = problems;
        co_await step();
        co_return content;
    }
    async::Task<Result<>> save(Stored domain) override {
        return change([this, domain] { domains.insert_or_assign(domain.definition.uuid, domain); });
    }
    async::Task<Result<>> remove(Uuid uuid) override {
        return change([this, uuid] {
            images.erase(uuid);
            images_aside.erase(uuid);
            domains.erase(uuid);
        });
    }
    async::Task<Result<>> save_life(StoredLife life) override {
        return change([this, life] {
            lives.insert_or_assign(life.definition.uuid, life);
            if (life.domid == 0) images_aside.erase(life.definition.uuid);
        });
    }
    async::Task<Result<>> note_autostart(std::string boot) override {
        return change([this, boot] { autostarted_in = boot; });
    }
    std::filesystem::path image_path(Uuid uuid) const override { return "/images/" + to_string(uuid); }
    std::filesystem::path core_path(const std::string& name) const override { return "/cores/" + name; }
    async::Task<Result<>> set_image_aside(Uuid uuid) override {
        if (!images.contains(uuid)) co_return fail(Reason::io, "there is no image");
        co_return co_await change([this, uuid] { images_aside.insert(images.extract(uuid)); });
    }
    async::Task<Result<>> take_image_back(Uuid uuid) override {
        if (images.contains(uuid)) co_return Result<>{};
        co_return co_await change([this, uuid] { images.insert(images_aside.extract(uuid)); });
    }
    async::Task<Result<>> remove_image(Uuid uuid) override {
        return change([this, uuid] {
            images.erase(uuid);
            images_aside.erase(uuid);
        });
    }
    async::Task<Result<>> remove_life(Uuid uuid) override {
        return change([this, uuid] { lives.erase(uuid); });
    }

 private:
    async::Task<> step() {
        const async::Completion<bool> done;
        scheduler_.post([done] { done.set(true); });
        co_await done;
    }
    async::Task<Result<>> change(std::function<void()> effect) {
        const bool fails = ++writes == fails_at_ || is_full;
        if (held_) {
            const async::Completion<bool> released;
            held_->push_back(released);
            co_await released;
        }
        co_await step();
        if (fails) co_return fail(Reason::io, "the disk is full");
        around_write();
        effect();
        around_write();
        co_return Result<>{};
    }

    async::Scheduler& scheduler_;
    unsigned fails_at_ = 0;
    std::optional<std::vector<async::Completion<bool>>> held_;
};

}  // namespace virtlight::manager
