// SPDX-License-Identifier: LGPL-2.1-or-later
#include "manager/file_store.hpp"

#include <fstream>
#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "async/virtual_loop.hpp"
#include "base/file.hpp"
#include "base/limits.hpp"
#include "base/temporary_folder.hpp"
#include "domain/xml.hpp"
#include "manager/world.hpp"

namespace virtlight::manager {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class FileStoreTest : public ::testing::Test {
 protected:
    FileStoreTest() { load(); }

    template <class T>
    T end_of(async::Task<T> task) {
        std::optional<T> result;
        scope.spawn(keep(std::move(task), result));
        loop.run_until([&] { return result.has_value(); });
        return std::move(*result);
    }
    /// As a daemon that starts finds it.
    Store::Content load() {
        FileStore fresh(folder.path(), boot, blocking, loop);
        return end_of(fresh.load()).value();
    }
    fs::path file(const std::string& part, const domain::Definition& guest) const {
        return folder.path() / part / (to_string(guest.uuid) + ".xml");
    }
    void write(const fs::path& path, const std::string& text) const { std::ofstream(path) << text; }

    test::TemporaryFolder folder;
    async::VirtualLoop loop;
    async::BlockingInline blocking{loop};
    async::Scope scope;
    std::string boot = "boot-1";
    FileStore store{folder.path(), boot, blocking, loop};
    const domain::Definition web = guest_named("web");

 private:
    template <class T>
    static async::Task<> keep(async::Task<T> task, std::optional<T>& result) {
        auto value = co_await std::move(task);
        result.emplace(std::move(value));
    }
};

TEST_F(FileStoreTest, IsEmptyAtFirst) {
    const auto content = load();
    EXPECT_THAT(content.domains, IsEmpty());
    EXPECT_THAT(content.lives, IsEmpty());
    EXPECT_THAT(content.problems, IsEmpty());
}

TEST_F(FileStoreTest, KeepsADefinitionAsDomainXmlThatOnlyItsOwnerReads) {
    ASSERT_TRUE(end_of(store.save({web})));
    const auto content = load();
    ASSERT_EQ(content.domains.size(), 1u);
    EXPECT_EQ(content.domains[0].definition, web);
    EXPECT_FALSE(content.domains[0].autostart);
    EXPECT_EQ(domain::parse_xml(read_file(file("domains", web), 65536).value()), web);
    struct stat info = {};
    ASSERT_EQ(::stat(file("domains", web).c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(FileStoreTest, KeepsWhatXmlDoesNotSayOfAGuestThatRuns) {
    auto guest = web;
    guest.nics = {{.mac = {{0, 0x16, 0x3e, 0, 0, 1}}, .devid = 3, .bridge = "xenbr0"}};
    guest.graphics.vnc = domain::Vnc{.port = 5907, .password = "secret"};
    guest.video = default_video(guest.type, guest.graphics);
    guest.consoles = {{.tty = "/dev/pts/7"}};
    ASSERT_TRUE(end_of(store.save_life({guest, 4})));
    const auto content = load();
    ASSERT_EQ(content.lives.size(), 1u);
    EXPECT_EQ(content.lives[0].definition, guest);
    EXPECT_EQ(content.lives[0].domid, 4u);
}

TEST_F(FileStoreTest, KnowsAGuestAgainWhoseXmlIsAsLongAsAnyMayBe) {
    auto longest = guest_named("web");
    longest.description = "x";
    longest.description.append(limits::xml_bytes - domain::format_xml(longest).size(), 'x');
    ASSERT_TRUE(end_of(store.save_life({longest, 4})));
    const auto content = load();
    EXPECT_THAT(content.problems, IsEmpty());
    ASSERT_EQ(content.lives.size(), 1u);
    EXPECT_EQ(content.lives[0].domid, 4u);
}

TEST_F(FileStoreTest, ReplacesADefinition) {
    ASSERT_TRUE(end_of(store.save({web})));
    auto changed = web;
    changed.vcpus_max = 4;
    ASSERT_TRUE(end_of(store.save({changed})));
    const auto content = load();
    ASSERT_EQ(content.domains.size(), 1u);
    EXPECT_EQ(content.domains[0].definition, changed);
}

TEST_F(FileStoreTest, KeepsTheAutostartFlagAsALinkToTheDefinition) {
    ASSERT_TRUE(end_of(store.save({web, true})));
    EXPECT_TRUE(load().domains.at(0).autostart);
    EXPECT_TRUE(fs::equivalent(file("autostart", web), file("domains", web)));
    ASSERT_TRUE(end_of(store.save({web, true}))) << "a second time too";
    ASSERT_TRUE(end_of(store.save({web, false})));
    EXPECT_FALSE(load().domains.at(0).autostart);
}

TEST_F(FileStoreTest, KeepsApartWhatIsStartedAtTheNextBootAlone) {
    ASSERT_TRUE(end_of(store.save({web, false, true})));
    EXPECT_FALSE(load().domains.at(0).autostart);
    EXPECT_TRUE(load().domains.at(0).autostart_once);
    EXPECT_TRUE(fs::equivalent(file("autostart-once", web), file("domains", web)));
    ASSERT_TRUE(end_of(store.save({web, true, false})));
    EXPECT_TRUE(load().domains.at(0).autostart);
    EXPECT_FALSE(load().domains.at(0).autostart_once);
}

TEST_F(FileStoreTest, ForgetsADomainWithItsLinks) {
    ASSERT_TRUE(end_of(store.save({web, true, true})));
    ASSERT_TRUE(end_of(store.remove(web.uuid)));
    EXPECT_THAT(load().domains, IsEmpty());
    EXPECT_FALSE(fs::exists(fs::symlink_status(file("autostart", web))));
    EXPECT_FALSE(fs::exists(fs::symlink_status(file("autostart-once", web))));
    EXPECT_TRUE(end_of(store.remove(web.uuid))) << "what is not there is no failure";
}

TEST_F(FileStoreTest, KeepsNothingThatWasSavedOfADomainThatIsForgotten) {
    ASSERT_TRUE(end_of(store.save({web})));
    write(store.image_path(web.uuid), "older");
    ASSERT_TRUE(end_of(store.set_image_aside(web.uuid)));
    ASSERT_TRUE(end_of(store.save_life({web, 0})));
    write(store.image_path(web.uuid), "old");
    ASSERT_TRUE(end_of(store.set_image_aside(web.uuid)));
    ASSERT_FALSE(fs::is_empty(folder.path() / "saved"));
    ASSERT_TRUE(end_of(store.remove(web.uuid)));
    EXPECT_TRUE(fs::is_empty(folder.path() / "saved"));
}

TEST_F(FileStoreTest, KeepsADomainWhoseSavedMemoryCannotBeRemoved) {
    ASSERT_TRUE(end_of(store.save({web})));
    fs::create_directory(folder.path() / "saved" / (to_string(web.uuid) + ".old"));
    EXPECT_EQ(end_of(store.remove(web.uuid)).error().reason, Reason::io);
    EXPECT_EQ(load().domains.size(), 1u) << "to be undefined again";
}

TEST_F(FileStoreTest, KeepsAnOldImageWhenOneThatIsUsedUpIsRemoved) {
    write(store.image_path(web.uuid), "kept");
    ASSERT_TRUE(end_of(store.set_image_aside(web.uuid)));
    ASSERT_TRUE(end_of(store.save_life({web, 0})));
    write(store.image_path(web.uuid), "used up");
    ASSERT_TRUE(end_of(store.remove_image(web.uuid)));
    const auto kept = folder.path() / "saved" / (to_string(web.uuid) + ".old");
    EXPECT_EQ(read_file(kept, 100).value(), "kept");
}

TEST_F(FileStoreTest, DoesNotGiveANewDomainTheLinksThatACrashHasLeft) {
    ASSERT_TRUE(end_of(store.save({web, true, true})));
    fs::remove(file("domains", web));
    load();
    ASSERT_TRUE(end_of(store.save({web})));
    EXPECT_FALSE(load().domains.at(0).autostart);
    EXPECT_FALSE(load().domains.at(0).autostart_once);
}

TEST_F(FileStoreTest, KeepsALifeWithItsDomidAndItsTtys) {
    auto live = web;
    live.type = domain::GuestType::hvm;
    live.boot.order = {domain::BootDevice::disk};  // as every HVM guest
    live.features.pae = true;                      // it always has
    live.consoles = {{domain::Console::Target::xen, 0, "/dev/pts/3"},
                     {domain::Console::Target::serial, 0, ""},
                     {domain::Console::Target::serial, 1, "/dev/pts/4"}};
    ASSERT_TRUE(end_of(store.save_life({live, 17})));
    const auto content = load();
    ASSERT_THAT(content.problems, IsEmpty());
    ASSERT_EQ(content.lives.size(), 1u);
    EXPECT_EQ(content.lives[0].domid, 17u);
    EXPECT_EQ(content.lives[0].held, Held::no);
    EXPECT_EQ(content.lives[0].definition, live);
    EXPECT_THAT(content.domains, IsEmpty());
    ASSERT_TRUE(end_of(store.remove_life(web.uuid)));
    EXPECT_THAT(load().lives, IsEmpty());
    EXPECT_TRUE(end_of(store.remove_life(web.uuid)));
}

TEST_F(FileStoreTest, KeepsWhyALifeIsHeld) {
    auto live = web;
    live.consoles = {{domain::Console::Target::xen, 0, "/dev/pts/3"}};
    using enum Held;
    for (const auto held : {starting, saving, dumping, resetting, devices, ending}) {
        for (const bool ours : {false, true}) {
            ASSERT_TRUE(end_of(store.save_life({live, 17, held, ours})));
            const auto content = load();
            EXPECT_EQ(content.lives.at(0).held, held);
            EXPECT_EQ(content.lives[0].ours, ours);
            EXPECT_EQ(content.lives[0].definition, live);
        }
    }
}

TEST_F(FileStoreTest, KeepsThatALifeIsToStartAnew) {
    for (const bool again : {false, true}) {
        ASSERT_TRUE(end_of(store.save_life({.definition = web, .domid = 17, .again = again})));
        EXPECT_EQ(load().lives.at(0).again, again);
        EXPECT_EQ(load().lives.at(0).anew, Anew());
    }
    for (const Anew anew : {Anew{.as_it_was = true}, Anew{.paused = true}, Anew{true, true}}) {
        ASSERT_TRUE(end_of(store.save_life({.definition = web, .domid = 17, .again = true, .anew = anew})));
        EXPECT_EQ(load().lives.at(0).anew, anew);
    }
}

TEST_F(FileStoreTest, TellsThatALifeOfAnotherBootOfTheHostIsOver) {
    ASSERT_TRUE(end_of(store.save_life({web, 17})));
    EXPECT_FALSE(load().lives.at(0).over);
    boot = "";
    EXPECT_FALSE(load().lives.at(0).over) << "nobody knows";
    boot = "boot-2";
    EXPECT_TRUE(load().lives.at(0).over);
    EXPECT_EQ(load().lives.at(0).domid, 17u);
}

TEST_F(FileStoreTest, KeepsAnIntent) {
    ASSERT_TRUE(end_of(store.save_life({web, 0})));
    EXPECT_EQ(load().lives.at(0).domid, 0u);
    EXPECT_EQ(load().lives.at(0).definition, web);
}

TEST_F(FileStoreTest, ReportsABadFileAndLeavesItAlone) {
    const auto db = guest_named("db");
    ASSERT_TRUE(end_of(store.save({db})));
    write(file("domains", web), "<domain type='xen'><name>web</na");
    const auto content = load();
    EXPECT_EQ(content.domains.size(), 1u) << "the others are there";
    ASSERT_EQ(content.problems.size(), 1u);
    EXPECT_THAT(content.problems[0], HasSubstr(file("domains", web).string()));
    EXPECT_EQ(read_file(file("domains", web), 100), "<domain type='xen'><name>web</na");
}

TEST_F(FileStoreTest, ReportsAFileThatIsNotWhereItsContentBelongs) {
    const auto db = guest_named("db");
    write(file("domains", db), domain::format_xml(web));
    write(folder.path() / "domains" / "notes.txt", "mine");
    const auto content = load();
    EXPECT_THAT(content.domains, IsEmpty());
    EXPECT_THAT(content.problems,
                ElementsAre(HasSubstr("notes.txt"), HasSubstr("uuid " + to_string(web.uuid))));
}

TEST_F(FileStoreTest, TakesAnImageThatIsSetAsideForNoImage) {
    write(store.image_path(web.uuid), "memory");
    ASSERT_TRUE(end_of(store.set_image_aside(web.uuid)));
    EXPECT_THAT(load().images, IsEmpty());
    EXPECT_THAT(load().images_aside, ElementsAre(web.uuid));
    EXPECT_THAT(load().problems, IsEmpty());
    ASSERT_TRUE(end_of(store.take_image_back(web.uuid)));
    ASSERT_TRUE(end_of(store.take_image_back(web.uuid))) << "it is there already";
    EXPECT_THAT(load().images, ElementsAre(web.uuid));
    EXPECT_THAT(load().images_aside, IsEmpty());
    EXPECT_EQ(read_file(store.image_path(web.uuid), 100).value(), "memory");
}

TEST_F(FileStoreTest, DoesNotTakeAnOldImageBackOverAGoodOne) {
    write(store.image_path(web.uuid), "old");
    ASSERT_TRUE(end_of(store.set_image_aside(web.uuid)));
    write(store.image_path(web.uuid), "good");
    ASSERT_TRUE(end_of(store.take_image_back(web.uuid)));
    EXPECT_EQ(read_file(store.image_path(web.uuid), 100).value(), "good");
}

TEST_F(FileStoreTest, TakesNothingForGoneThatItCannotLookAt) {
    const auto to_itself = [](const fs::path& path) { fs::create_symlink(path.filename(), path); };
    const auto image = store.image_path(web.uuid);
    write(image, "old");
    ASSERT_TRUE(end_of(store.set_image_aside(web.uuid)));
    to_itself(image);
    ASSERT_TRUE(end_of(store.take_image_back(web.uuid)));
    EXPECT_TRUE(fs::is_symlink(image)) << "nothing has taken its place";
    ASSERT_TRUE(end_of(store.set_image_aside(web.uuid)));
    EXPECT_FALSE(fs::is_symlink(image)) << "it is not aside because another one is";

    ASSERT_TRUE(end_of(store.save({web, true})));
    fs::remove(file("domains", web));
    to_itself(file("domains", web));
    EXPECT_THAT(load().problems, ElementsAre(HasSubstr(to_string(web.uuid))));
    EXPECT_TRUE(fs::is_symlink(file("autostart", web)))
        << "it starts with the host when it can be read again";
}

TEST_F(FileStoreTest, ForgetsThatADomainOfBeforeWasStartedWithTheHost) {
    ASSERT_TRUE(end_of(store.save({web, true})));
    fs::remove(folder.path() / "domains" / (to_string(web.uuid) + ".xml"));
    ASSERT_TRUE(end_of(store.save({web, false})));
    EXPECT_FALSE(load().domains.at(0).autostart);
}

TEST_F(FileStoreTest, SetsAsideOnceWhatIsAsideAlready) {
    write(store.image_path(web.uuid), "memory");
    ASSERT_TRUE(end_of(store.set_image_aside(web.uuid)));
    EXPECT_TRUE(end_of(store.set_image_aside(web.uuid)));
}

TEST_F(FileStoreTest, RemovesAnImageWhereverItIs) {
    write(store.image_path(web.uuid), "old");
    ASSERT_TRUE(end_of(store.set_image_aside(web.uuid)));
    write(store.image_path(web.uuid), "new");
    ASSERT_TRUE(end_of(store.remove_image(web.uuid)));
    EXPECT_TRUE(fs::is_empty(folder.path() / "saved"));
    EXPECT_EQ(end_of(store.set_image_aside(web.uuid)).error().reason, Reason::io) << "there is none";
}

TEST_F(FileStoreTest, ReportsALifeThatDoesNotSayItsDomid) {
    write(file("running", web), domain::format_xml(web));
    const auto content = load();
    EXPECT_THAT(content.lives, IsEmpty());
    EXPECT_THAT(content.problems, ElementsAre(HasSubstr("which domid")));
}

TEST_F(FileStoreTest, TakesTheFirstByUuidOfTwoDefinitionsWithOneName) {
    auto first = web;
    auto second = web;
    first.uuid.bytes[0] = 1;
    second.uuid.bytes[0] = 2;
    write(file("domains", second), domain::format_xml(second));
    write(file("domains", first), domain::format_xml(first));
    const auto content = load();
    ASSERT_EQ(content.domains.size(), 1u);
    EXPECT_EQ(content.domains[0].definition, first);
    EXPECT_THAT(content.problems, ElementsAre(HasSubstr("another domain named 'web'")));
}

TEST_F(FileStoreTest, RemovesWhatACrashHasLeftOfAWrite) {
    ASSERT_TRUE(end_of(store.save({web})));
    const auto leftover = fs::path(file("domains", web)) += ".new";
    write(leftover, "half a defi");
    const auto content = load();
    EXPECT_FALSE(fs::exists(leftover));
    EXPECT_EQ(content.domains.size(), 1u);
    EXPECT_THAT(content.problems, IsEmpty());
}

TEST_F(FileStoreTest, FailsAndKeepsTheOldDefinitionWhenItCannotWrite) {
    ASSERT_TRUE(end_of(store.save({web})));
    fs::create_directory(fs::path(file("domains", web)) += ".new");  // in the way of the temporary file
    auto changed = web;
    changed.vcpus_max = 4;
    const auto failed = end_of(store.save({changed}));
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().reason, Reason::io);
    EXPECT_EQ(load().domains.at(0).definition, web);
}

TEST_F(FileStoreTest, KeepsTheOldDefinitionRatherThanOneThatTheNextDaemonCouldNotRead) {
    ASSERT_TRUE(end_of(store.save({web})));
    auto changed = web;
    for (unsigned index = 0; index < limits::disks; ++index)
        changed.disks.push_back({.target = {.index = index},
                                 .source = domain::Disk::Source::file,
                                 .path = fmt::format("/srv/{}/{}", std::string(4000, 'x'), index)});
    const auto failed = end_of(store.save({changed}));
    ASSERT_FALSE(failed);
    EXPECT_THAT(failed.error().message, HasSubstr("could not be read back"));
    EXPECT_EQ(load().domains.at(0).definition, web);
    EXPECT_THAT(load().problems, IsEmpty());
}

TEST_F(FileStoreTest, MakesItsChangesInTheOrderOfTheCalls) {
    std::optional<Result<>> first;
    std::optional<Result<>> last;
    struct Caller {
        static async::Task<> note(async::Task<Result<>> task, std::optional<Result<>>& result) {
            auto value = co_await std::move(task);
            result.emplace(std::move(value));
        }
    };
    scope.spawn(Caller::note(store.save_life({web, 0}), first));
    scope.spawn(Caller::note(store.remove_life(web.uuid), last));
    loop.run_until([&] { return last.has_value(); });
    EXPECT_TRUE(first.has_value());
    EXPECT_THAT(load().lives, IsEmpty());
}

}  // namespace
}  // namespace virtlight::manager
