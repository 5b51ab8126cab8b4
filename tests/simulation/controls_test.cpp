// SPDX-License-Identifier: LGPL-2.1-or-later
#include <memory>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "simulation/random_run.hpp"

/// Daemons that are broken on purpose: a simulation that cannot see it is worth nothing.
namespace virtlight::simulation {
namespace {

using async::Task;
using ::testing::HasSubstr;

class PassedOn : public manager::Store {
 public:
    explicit PassedOn(manager::Store& store) : store_(store) {}

    Task<Result<Content>> load() override { return store_.load(); }
    Task<Result<>> save(manager::Stored domain) override { return store_.save(std::move(domain)); }
    Task<Result<>> remove(Uuid uuid) override { return store_.remove(uuid); }
    Task<Result<>> note_autostart(std::string boot) override {
        return store_.note_autostart(std::move(boot));
    }
    Task<Result<>> save_life(manager::StoredLife life) override { return store_.save_life(std::move(life)); }
    Task<Result<>> remove_life(Uuid uuid) override { return store_.remove_life(uuid); }
    std::filesystem::path image_path(Uuid uuid) const override { return store_.image_path(uuid); }
    std::filesystem::path core_path(const std::string& name) const override { return store_.core_path(name); }
    Task<Result<>> set_image_aside(Uuid uuid) override { return store_.set_image_aside(uuid); }
    Task<Result<>> take_image_back(Uuid uuid) override { return store_.take_image_back(uuid); }
    Task<Result<>> remove_image(Uuid uuid) override { return store_.remove_image(uuid); }

 protected:
    static Task<Result<>> done() { co_return Result<>{}; }

    manager::Store& store_;
};

/// Removes an image when its guest begins to be made.
class HastyStore final : public PassedOn {
 public:
    using PassedOn::PassedOn;
    Task<Result<>> save_life(manager::StoredLife life) override {
        if (life.domid == 0) co_await store_.remove_image(life.definition.uuid);
        co_return co_await store_.save_life(std::move(life));
    }
};

/// Writes no definition, and says that it has.
class LyingStore final : public PassedOn {
 public:
    using PassedOn::PassedOn;
    Task<Result<>> save(manager::Stored) override { return done(); }
};

/// Remembers no start that is under way.
class CarelessStore final : public PassedOn {
 public:
    using PassedOn::PassedOn;
    Task<Result<>> save_life(manager::StoredLife life) override {
        return life.domid == 0 ? done() : store_.save_life(std::move(life));
    }
};

/// What the first seed that fails says.
template <class Broken>
std::string caught() {
    constexpr unsigned most = 300;
    const Spoil spoil = [](manager::Store& store) { return std::make_unique<Broken>(store); };
    for (unsigned seed = 0; seed < most; ++seed)
        if (auto outcome = run_seed(seed, 200, spoil); !outcome.broken.empty()) return outcome.broken;
    return {};
}

TEST(BrokenDaemon, ThatDropsAnImageBeforeItsGuestRunsIsCaught) {
    EXPECT_THAT(caught<HastyStore>(), HasSubstr("is removed, and its guest does not run"));
}

TEST(BrokenDaemon, ThatDoesNotWriteWhatItSaysIsCaught) {
    EXPECT_THAT(caught<LyingStore>(), HasSubstr("clients were told that this is stored"));
}

TEST(BrokenDaemon, ThatForgetsWhatItWasStartingIsCaught) {
    EXPECT_THAT(caught<CarelessStore>(), HasSubstr("runs and is not shown"));
}

}  // namespace
}  // namespace virtlight::simulation
