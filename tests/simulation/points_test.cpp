// SPDX-License-Identifier: LGPL-2.1-or-later
#include <functional>
#include <limits>
#include <memory>
#include <ostream>
#include <string_view>
#include <tuple>

#include <gtest/gtest.h>

#include "domain/xml.hpp"
#include "simulation/host.hpp"

/// Every operation, disturbed at each of its points in turn.
namespace virtlight::simulation {
namespace {

using manager::DomainInfo;
using manager::Story;

domain::Definition the_guest() {
    domain::Definition guest{.name = "guest", .memory_max_kib = 4096, .memory_kib = 4096};
    guest.uuid.bytes.fill(7);
    guest.boot.kernel = "/proc/self/exe";
    guest.consoles.push_back({});
    return domain::parse_xml(domain::format_xml(guest)).value();
}

const Uuid uuid = the_guest().uuid;

constexpr manager::Affects both{.guest = true, .definition = true};

domain::Disk the_disk() {
    return {.target = {.index = 1}, .source = domain::Disk::Source::file, .path = "/proc/self/exe"};
}

/// A host with the guest on it, and what is asked for.
class Scene : public Host {
 public:
    Scene() { start(); }

    void define() {
        ask("define", {.kind = Wish::Kind::define, .uuid = uuid, .definition = the_guest()},
            manager().define(the_guest()));
    }
    void undefine() {
        ask("undefine", {.kind = Wish::Kind::undefine_with_image, .uuid = uuid},
            manager().undefine(uuid, true));
    }
    void set_autostart() {
        ask("set autostart", {.kind = Wish::Kind::set_autostart, .uuid = uuid, .autostart = true},
            manager().set_autostart(uuid, true));
    }
    void boot() { ask("start", {.uuid = uuid}, manager().start(uuid, {})); }
    void boot_paused() { ask("start paused", {.uuid = uuid}, manager().start(uuid, {.paused = true})); }
    void boot_afresh() { ask("start afresh", {.uuid = uuid}, manager().start(uuid, {.fresh = true})); }
    void boot_afresh_paused() {
        ask("start afresh, paused", {.kind = Wish::Kind::start_afresh_paused, .uuid = uuid},
            manager().start(uuid, {.paused = true, .fresh = true}));
    }
    void create() { ask("create", {.uuid = uuid}, manager().create(the_guest(), {})); }
    void suspend() { ask("suspend", {.uuid = uuid}, manager().suspend(uuid)); }
    void resume() { ask("resume", {.uuid = uuid}, manager().resume(uuid)); }
    void shutdown() { ask("shut down", {.uuid = uuid}, manager().shutdown(uuid, {})); }
    void reboot() { ask("reboot", {.uuid = uuid}, manager().reboot(uuid)); }
    void reset() { ask("reset", {.kind = Wish::Kind::destroy, .uuid = uuid}, manager().reset(uuid)); }
    void destroy() { ask("destroy", {.kind = Wish::Kind::destroy, .uuid = uuid}, manager().destroy(uuid)); }
    void save() { ask("save", {.uuid = uuid}, manager().save(uuid, images() / "guest", {})); }
    void managed_save() { ask("managed save", {.uuid = uuid}, manager().managed_save(uuid, {})); }
    void restore() { ask("restore", {.uuid = uuid}, manager().restore(images() / "guest", {})); }
    void remove_image() {
        ask("remove the image", {.kind = Wish::Kind::remove_image, .uuid = uuid},
            manager().remove_managed_image(uuid));
    }
    void rename() {
        ask("rename",
            {.kind = Wish::Kind::change,
             .uuid = uuid,
             .change = [](domain::Definition& definition) { definition.name = "renamed"; },
             .stays = Wish::Stays::in_xen},
            manager().rename(uuid, "renamed"));
    }
    void set_memory() {
        ask("set memory",
            {.kind = Wish::Kind::change,
             .uuid = uuid,
             .change = [](domain::Definition& definition) { definition.memory_kib = 2048; },
             .stays = Wish::Stays::stored},
            manager().set_memory(uuid, 2048, both));
    }
    void attach() {
        ask("attach",
            {.kind = Wish::Kind::change,
             .uuid = uuid,
             .change =
                 [](domain::Definition& definition) { std::ignore = add_device(definition, the_disk()); },
             .stays = Wish::Stays::stored},
            manager().attach_device(uuid, the_disk(), both));
    }
    void detach() {
        ask("detach",
            {.kind = Wish::Kind::change,
             .uuid = uuid,
             .change = [](domain::Definition& definition) { definition.disks.clear(); },
             .stays = Wish::Stays::stored},
            manager().detach_device(uuid, the_disk(), both));
    }
    void dump() { dump_with({}); }
    void dump_live() { dump_with({.live = true}); }
    void dump_and_reset() { dump_with({.then = manager::DumpOptions::Then::reset}); }
    void dump_and_end() { dump_with({.then = manager::DumpOptions::Then::end_as_crashed}); }
    void sleep() { ask("have it sleep", {.uuid = uuid}, manager().sleep(uuid)); }
    void wake() { ask("wake", {.uuid = uuid}, manager().wake(uuid)); }
    void inject_nmi() { ask("inject an NMI", {.uuid = uuid}, manager().inject_nmi(uuid)); }
    void pin() {
        const auto cpus = domain::CpuSet::first(1);
        ask("pin a vCPU",
            {.kind = Wish::Kind::change,
             .uuid = uuid,
             .change = [cpus](domain::Definition& definition) { definition.cpu_tuning.pins[0] = cpus; },
             .stays = Wish::Stays::stored},
            manager().pin_vcpu(uuid, 0, cpus, both));
    }
    void set_share() {
        ask("set its share",
            {.kind = Wish::Kind::change,
             .uuid = uuid,
             .change = [](domain::Definition& definition) { definition.cpu_tuning.share.weight = 512; },
             .stays = Wish::Stays::stored},
            manager().set_cpu_share(uuid, {.weight = 512}, both));
    }
    void change_image() {
        ask("change its image", {.uuid = uuid},
            manager().change_managed_image(uuid, {.definition = the_guest(), .paused = false}));
    }

    void dump_with(manager::DumpOptions options) {
        using enum manager::DumpOptions::Then;
        const auto kind = options.then == go_on ? Wish::Kind::other : Wish::Kind::destroy;
        ask("dump", {.kind = kind, .uuid = uuid}, manager().dump_core(uuid, images() / "core", options));
    }

    struct State {
        bool defined = false;
        bool image = false;
        Story::Run run = Story::Run::off;
        int domid = -1;

        bool operator==(const State&) const = default;
    };
    State state() {
        const auto info = manager().find(uuid);
        if (!info) return {};
        return {info->persistent, info->managed_image, Story::run_of(*info), info->domid};
    }
};

using Does = void (Scene::*)();

struct Operation {
    std::string_view name;
    std::vector<Does> before;
    Does does;
    bool can_be_aborted = true;  ///< and leaves everything as it was then
};

std::ostream& operator<<(std::ostream& out, const Operation& operation) {
    return out << operation.name;
}

const Operation operations[] = {
    {"Define", {}, &Scene::define, false},
    {"Undefine", {&Scene::define, &Scene::boot, &Scene::managed_save}, &Scene::undefine, false},
    {"SetAutostart", {&Scene::define}, &Scene::set_autostart, false},
    {"Start", {&Scene::define}, &Scene::boot},
    {"StartFromImage", {&Scene::define, &Scene::boot, &Scene::managed_save}, &Scene::boot},
    {"StartPausedFromImage", {&Scene::define, &Scene::boot, &Scene::managed_save}, &Scene::boot_paused},
    {"StartAfresh", {&Scene::define, &Scene::boot, &Scene::managed_save}, &Scene::boot_afresh},
    {"StartAfreshPaused", {&Scene::define, &Scene::boot, &Scene::managed_save}, &Scene::boot_afresh_paused},
    {"ResumeFromImage",
     {&Scene::define, &Scene::boot, &Scene::managed_save, &Scene::boot_paused},
     &Scene::resume},
    {"DestroyBeforeItRuns",
     {&Scene::define, &Scene::boot, &Scene::managed_save, &Scene::boot_paused},
     &Scene::destroy,
     false},
    {"Create", {}, &Scene::create},
    {"Suspend", {&Scene::create}, &Scene::suspend},
    {"Resume", {&Scene::create, &Scene::suspend}, &Scene::resume},
    {"Shutdown", {&Scene::define, &Scene::boot}, &Scene::shutdown},
    {"Reboot", {&Scene::define, &Scene::boot}, &Scene::reboot},
    {"Reset", {&Scene::define, &Scene::boot}, &Scene::reset},
    {"ResetOfATransientGuest", {&Scene::create}, &Scene::reset},
    {"Destroy", {&Scene::define, &Scene::boot}, &Scene::destroy, false},
    {"Save", {&Scene::create}, &Scene::save},
    {"ManagedSave", {&Scene::define, &Scene::boot}, &Scene::managed_save},
    {"Restore", {&Scene::create, &Scene::save}, &Scene::restore},
    {"RemoveImage", {&Scene::define, &Scene::boot, &Scene::managed_save}, &Scene::remove_image, false},
    {"Dump", {&Scene::create}, &Scene::dump},
    {"DumpWhileItRuns", {&Scene::create}, &Scene::dump_live},
    {"DumpAndReset", {&Scene::define, &Scene::boot}, &Scene::dump_and_reset},
    {"DumpAndEnd", {&Scene::define, &Scene::boot}, &Scene::dump_and_end},
    {"Sleep", {&Scene::define, &Scene::boot}, &Scene::sleep},
    {"Wake", {&Scene::define, &Scene::boot, &Scene::sleep}, &Scene::wake},
    {"InjectNmi", {&Scene::define, &Scene::boot}, &Scene::inject_nmi},
    {"PinVcpu", {&Scene::define, &Scene::boot}, &Scene::pin},
    {"SetCpuShare", {&Scene::define, &Scene::boot}, &Scene::set_share},
    {"ChangeImage", {&Scene::define, &Scene::boot, &Scene::managed_save}, &Scene::change_image, false},
    {"Rename", {&Scene::define, &Scene::boot}, &Scene::rename},
    {"SetMemory", {&Scene::define, &Scene::boot}, &Scene::set_memory},
    {"Attach", {&Scene::define, &Scene::boot}, &Scene::attach},
    {"Detach", {&Scene::define, &Scene::boot, &Scene::attach}, &Scene::detach},
};

std::unique_ptr<Scene> prepared(const Operation& operation) {
    auto scene = std::make_unique<Scene>();
    for (const auto does : operation.before) {
        (*scene.*does)();
        scene->finish_operations();
        EXPECT_TRUE(scene->last_result()) << scene->last_result().error().message;
        scene->run_for(milliseconds(500));
    }
    return scene;
}

/// So many, or as many as there are until the operation is over.
void take_steps(Scene& scene, std::size_t most) {
    for (std::size_t i = 0; i < most && scene.open() > 0; ++i)
        scene.step();
}

/// The daemon is killed where `work` has brought it; `check` gets to know how the guest runs when the next
/// one has had a minute.
void kill_and_restart(const Operation& operation, const std::function<void(Scene&)>& work,
                      const std::function<void(Story::Run)>& check) {
    const auto scene = prepared(operation);
    try {
        work(*scene);
        scene->kill("at a point");
        scene->start();
        scene->run_for(std::chrono::minutes(1));
        check(scene->state().run);
        scene->come_to_rest();
    } catch (const Broken& broken) {
        ADD_FAILURE() << broken.what();
    }
}

class Point : public ::testing::TestWithParam<Operation> {
 protected:
    /// How many steps the operation takes, and how many changes it makes on the disk, undisturbed.
    void SetUp() override {
        const auto scene = prepared(GetParam());
        const auto changes = scene->disk.changes();
        (*scene.*GetParam().does)();
        for (; scene->open() > 0; ++steps)
            scene->step();
        EXPECT_TRUE(scene->last_result()) << scene->last_result().error().message;
        scene->run_for(milliseconds(500));
        writes = scene->disk.changes() - changes;
        RecordProperty("steps", static_cast<int>(steps));
        RecordProperty("writes", static_cast<int>(writes));
    }

    /// Runs it to its rest, disturbed by `disturb` when it has begun and has made so many steps.
    void run(std::size_t after, const std::function<void(Scene&)>& disturb) {
        auto scene = prepared(GetParam());
        try {
            (*scene.*GetParam().does)();
            take_steps(*scene, after);
            disturb(*scene);
            scene->come_to_rest();
        } catch (const Broken& broken) {
            std::string trace;
            for (const auto& line : scene->trace())
                trace += line + "\n";
            FAIL() << broken.what() << "\n" << trace;
        }
    }

    std::size_t steps = 0;
    std::size_t writes = 0;
};

TEST_P(Point, OfAnyStepCanBeItsLastBeforeAnAbort) {
    if (!GetParam().can_be_aborted) GTEST_SKIP() << "cannot be aborted";
    const auto before = prepared(GetParam())->state();
    for (std::size_t step = 0; step <= steps && !HasFailure(); ++step) {
        run(step, [&](Scene& scene) {
            static_cast<void>(scene.manager().abort_job(uuid));
            scene.finish_operations();
            if (!scene.last_result()) EXPECT_EQ(scene.state(), before) << "aborted after step " << step;
        });
    }
}

TEST_P(Point, OfAnyStepCanBeTheLastOfTheDaemon) {
    for (std::size_t step = 0; step <= steps && !HasFailure(); ++step)
        run(step, [](Scene& scene) { scene.kill("at a point"); });
}

TEST_P(Point, OfAnyWriteCanBeTheLastOfTheDaemon) {
    for (std::size_t write = 1; write <= writes && !HasFailure(); ++write)
        run(0, [write](Scene& scene) {
            scene.disk.crash_at(write);
            scene.run_for(seconds(2));
        });
}

TEST_P(Point, OfAnyWriteCanFail) {
    for (std::size_t write = 1; write <= writes && !HasFailure(); ++write)
        run(0, [write](Scene& scene) {
            scene.disk.fail_at(write);
            scene.run_for(seconds(2));
        });
}

class StartAnew : public ::testing::TestWithParam<Operation> {
 protected:
    /// Until another guest runs in the place of the first, or after so many steps.
    static std::size_t run(Scene& scene, std::size_t most = std::numeric_limits<std::size_t>::max()) {
        const auto before = scene.manager().find(uuid)->domid;
        (scene.*GetParam().does)();
        for (std::size_t steps = 0; steps < most; ++steps, scene.step()) {
            const auto info = scene.manager().find(uuid);
            if (info && info->domid > 0 && info->domid != before &&
                Story::run_of(*info) == Story::Run::running)
                return steps;
        }
        return most;
    }
};

TEST_P(StartAnew, IsFinishedByTheNextDaemonWhateverStepWasTheLastOfThis) {
    const auto steps = run(*prepared(GetParam()));
    for (std::size_t step = 0; step <= steps && !HasFailure(); ++step) {
        SCOPED_TRACE(::testing::Message() << "killed after step " << step);
        kill_and_restart(
            GetParam(), [step](Scene& scene) { run(scene, step); },
            [](Story::Run guest) { EXPECT_EQ(guest, Story::Run::running); });
    }
}

class CutSave : public ::testing::TestWithParam<Operation> {};

TEST_P(CutSave, LeavesNoGuestAsleepWhateverStepWasTheLastOfTheDaemon) {
    bool over = false;
    for (std::size_t step = 0; !over && !HasFailure(); ++step) {
        SCOPED_TRACE(::testing::Message() << "killed after step " << step);
        kill_and_restart(
            GetParam(),
            [&](Scene& scene) {
                (scene.*GetParam().does)();
                take_steps(scene, step);
                over = scene.open() == 0;
            },
            [](Story::Run guest) { EXPECT_NE(guest, Story::Run::asleep); });
    }
}

const Operation cut_saves[] = {
    {"Save", {&Scene::create}, &Scene::save},
    {"ManagedSave", {&Scene::define, &Scene::boot}, &Scene::managed_save},
};

INSTANTIATE_TEST_SUITE_P(Every, CutSave, ::testing::ValuesIn(cut_saves),
                         [](const auto& info) { return std::string(info.param.name); });

const Operation starts_anew[] = {
    {"Reboot", {&Scene::define, &Scene::boot}, &Scene::reboot},
    {"RebootOfATransientGuest", {&Scene::create}, &Scene::reboot},
    {"Reset", {&Scene::define, &Scene::boot}, &Scene::reset},
};

INSTANTIATE_TEST_SUITE_P(Every, StartAnew, ::testing::ValuesIn(starts_anew),
                         [](const auto& info) { return std::string(info.param.name); });

INSTANTIATE_TEST_SUITE_P(Every, Point, ::testing::ValuesIn(operations),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace virtlight::simulation
