// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/device_models.hpp"

#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <thread>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/limits.hpp"
#include "base/temporary_folder.hpp"

namespace virtlight::xenlight {
namespace {

using hypervisor::DomId;
using hypervisor::LifeId;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

/// A process of this name, which does nothing.
class Sleeper {
 public:
    explicit Sleeper(const std::string& name) {
        auto path = (folder_.path() / name).string();
        std::filesystem::create_symlink("/bin/sleep", path);
        char seconds[] = "600";
        char* words[] = {path.data(), seconds, nullptr};
        EXPECT_EQ(::posix_spawn(&pid_, path.c_str(), nullptr, nullptr, words, environ), 0);
        // Whoever spawns goes on before the kernel has named the process.
        constexpr std::size_t longest = 15;
        while (called() != name.substr(0, longest))
            std::this_thread::yield();
    }
    Sleeper(const Sleeper&) = delete;
    Sleeper& operator=(const Sleeper&) = delete;
    ~Sleeper() { end(); }

    std::uint64_t number() const { return static_cast<std::uint64_t>(pid_); }
    void end() {
        if (ended_) return;
        ended_ = true;
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }

 private:
    std::string called() const {
        std::ifstream file("/proc/" + std::to_string(pid_) + "/comm");
        std::string name;
        std::getline(file, name);
        return name;
    }

    test::TemporaryFolder folder_;
    pid_t pid_ = 0;
    bool ended_ = false;
};

/// Another process of this program, which listens there.
class Listener {
 public:
    explicit Listener(const std::filesystem::path& path) {
        sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
        std::strcpy(address.sun_path, path.c_str());
        int ready[2];
        EXPECT_EQ(::pipe(ready), 0);
        pid_ = ::fork();
        if (pid_ == 0) listen_for_ever(address, ready[1]);
        ::close(ready[1]);
        char said = 0;
        EXPECT_EQ(::read(ready[0], &said, 1), 1) << "it does not listen";
        ::close(ready[0]);
    }
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;
    ~Listener() { end(); }

    std::uint64_t number() const { return static_cast<std::uint64_t>(pid_); }
    void end() {
        if (pid_ <= 0) return;
        ::kill(pid_, SIGKILL);
        ::waitpid(std::exchange(pid_, 0), nullptr, 0);
    }

 private:
    [[noreturn]] static void listen_for_ever(const sockaddr_un& address, int ready) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        const int listening = ::socket(AF_UNIX, SOCK_STREAM, 0);
        const auto* const plain = reinterpret_cast<const sockaddr*>(&address);
        if (::bind(listening, plain, sizeof address) != 0 || ::listen(listening, 1) != 0) ::_exit(1);
        if (::write(ready, "!", 1) != 1) ::_exit(1);
        for (;;)
            ::pause();
    }

    pid_t pid_ = 0;
};

class DeviceModelsTest : public testing::Test {
 protected:
    std::unordered_set<DomId> ended() {
        return models.ended(lives, [this](DomId domid) -> std::optional<std::uint64_t> {
            ++asked;
            const auto found = named.find(domid);
            if (found == named.end()) return std::nullopt;
            return found->second;
        });
    }

    DeviceModels::Lives lives{{LifeId{1}, 601}, {LifeId{2}, 602}};
    std::map<DomId, std::uint64_t> named;
    unsigned asked = 0;
    const test::TemporaryFolder folder;
    DeviceModels models{folder.path()};
};

TEST_F(DeviceModelsTest, HaveEndedWhenTheirProcessHas) {
    Sleeper first("xen-qemu-system-i386");
    const Sleeper second("qemu-dm");
    named = {{601, first.number()}, {602, second.number()}};
    EXPECT_THAT(ended(), IsEmpty());
    EXPECT_THAT(ended(), IsEmpty());
    EXPECT_EQ(asked, 2) << "each is looked for once";
    first.end();
    EXPECT_THAT(ended(), UnorderedElementsAre(601));
    EXPECT_THAT(ended(), UnorderedElementsAre(601));
    lives.erase(LifeId{1});
    EXPECT_THAT(ended(), IsEmpty());
}

TEST_F(DeviceModelsTest, HaveEndedBeforeAnybodyLooked) {
    Sleeper before("qemu-dm");
    named = {{601, before.number()}};
    before.end();
    EXPECT_THAT(ended(), UnorderedElementsAre(601));
}

TEST_F(DeviceModelsTest, AreOthersAfterASoftReset) {
    Sleeper before("qemu-dm");
    Sleeper after("qemu-dm");
    named = {{601, before.number()}};
    EXPECT_THAT(ended(), IsEmpty());
    before.end();
    const Sleeper between("sleep");  // as it is about to become one
    named = {{601, between.number()}};
    EXPECT_THAT(ended(), IsEmpty());
    named = {{601, after.number()}};
    EXPECT_THAT(ended(), IsEmpty());
    after.end();
    EXPECT_THAT(ended(), UnorderedElementsAre(601));
}

TEST_F(DeviceModelsTest, AreFollowedThoughTheyComeLater) {
    Sleeper late("qemu-dm");
    named = {{602, 0}};
    EXPECT_THAT(ended(), IsEmpty());
    named = {{601, late.number()}, {602, 0}};
    EXPECT_THAT(ended(), IsEmpty());
    late.end();
    EXPECT_THAT(ended(), UnorderedElementsAre(601));
}

TEST_F(DeviceModelsTest, ThatAreNotThereAreLookedForInTurnAFewAtATime) {
    constexpr auto count = 2 * limits::models_sought;
    lives.clear();
    for (unsigned i = 1; i <= count; ++i)
        lives.emplace(LifeId{i}, 600 + i);
    EXPECT_THAT(ended(), IsEmpty());
    EXPECT_EQ(asked, count);
    Sleeper late("qemu-dm");
    for (unsigned i = 1; i <= count; ++i)
        named.emplace(600 + i, late.number());
    EXPECT_THAT(ended(), IsEmpty());
    EXPECT_EQ(asked, count + limits::models_sought);
    EXPECT_THAT(ended(), IsEmpty());
    EXPECT_THAT(ended(), IsEmpty());
    EXPECT_EQ(asked, 2 * count) << "each is found once";
    late.end();
    EXPECT_EQ(ended().size(), count);
}

TEST_F(DeviceModelsTest, AreProgramsOfAnyNameThatListenWhereTheirGuestsDoes) {
    Listener first(folder.path() / "qmp-libxenstat-601");
    named = {{601, first.number()}, {602, first.number()}};
    EXPECT_THAT(ended(), IsEmpty());
    first.end();
    EXPECT_THAT(ended(), UnorderedElementsAre(601)) << "that of 602 was another process";
}

TEST_F(DeviceModelsTest, AreNotTakenForAnotherProcessThatHasTheirNumber) {
    Sleeper other("sleep");
    named = {{601, other.number()}, {602, 0}};
    EXPECT_THAT(ended(), IsEmpty());
    other.end();
    EXPECT_THAT(ended(), IsEmpty()) << "it was never known for the guest's";
}

}  // namespace
}  // namespace virtlight::xenlight
