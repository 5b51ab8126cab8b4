// SPDX-License-Identifier: LGPL-2.1-or-later
#include "daemon/listening.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/temporary_folder.hpp"

namespace virtlight::daemon {
namespace {

TEST(ListenAt, GivesTheSocketExactlyTheAskedPermissions) {
    const test::TemporaryFolder folder;
    const auto path = folder.path() / "s";
    for (const unsigned mode : {0700u, 0770u, 0777u}) {
        const auto socket = listen_at(path, mode);
        ASSERT_TRUE(socket) << socket.error().message;
        struct stat info = {};
        ASSERT_EQ(::stat(path.c_str(), &info), 0);
        EXPECT_EQ(info.st_mode & 0777, mode);
    }
}

TEST(ListenAt, ListensWhereItIsTold) {
    const test::TemporaryFolder folder;
    const auto longest = folder.path() / std::string(107 - folder.path().native().size() - 1, 's');
    for (const auto& path : {folder.path() / "s", longest}) {
        const auto socket = listen_at(path, 0700);
        ASSERT_TRUE(socket) << socket.error().message;
        EXPECT_EQ(path_of(*socket), path);
    }
}

TEST(ListenAt, SaysWhyAPathCannotBe) {
    const auto missing = listen_at("/nowhere/at/all", 0700);
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().message, "cannot listen at '/nowhere/at/all': No such file or directory");
    const auto longer = listen_at("/" + std::string(200, 'x'), 0700);
    ASSERT_FALSE(longer);
    EXPECT_EQ(longer.error().reason, Reason::invalid_argument);
}

TEST(LetsEverybodyIn, IsToldByThePermissionsOfThePathOrByItsLack) {
    const test::TemporaryFolder folder;
    for (const auto& [mode, everybody] : {std::pair(0700u, false), {0770u, false}, {0766u, true}}) {
        const auto socket = listen_at(folder.path() / "s", mode);
        ASSERT_TRUE(socket) << socket.error().message;
        EXPECT_EQ(lets_everybody_in(*socket), everybody) << mode;
    }
    const Fd abstract(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    constexpr socklen_t only_the_family = sizeof address.sun_family;  // the kernel makes up a name
    ASSERT_EQ(::bind(abstract.get(), reinterpret_cast<const sockaddr*>(&address), only_the_family), 0);
    EXPECT_TRUE(lets_everybody_in(abstract));
}

/// Whether a process takes this descriptor from systemd: "ok", or why not.
std::string handed_over(int fd, const std::string& of_pid = {}) {
    auto answer = make_pipe();
    const pid_t child = ::fork();
    if (child == 0) {
        ::dup2(answer->second.get(), STDOUT_FILENO);
        ::dup2(fd, 3);  // SD_LISTEN_FDS_START
        ::setenv("LISTEN_PID", of_pid.empty() ? std::to_string(::getpid()).c_str() : of_pid.c_str(), 1);
        ::setenv("LISTEN_FDS", "1", 1);
        const auto sockets = sockets_from_systemd();
        std::string text = sockets ? (sockets->size() == 1 ? "ok" : "none") : sockets.error().message;
        [[maybe_unused]] const auto put = ::write(STDOUT_FILENO, text.data(), text.size());
        ::_exit(0);
    }
    answer->second.reset();
    std::array<char, 256> text{};
    const auto got = ::read(answer->first.get(), text.data(), text.size());
    ::waitpid(child, nullptr, 0);
    return std::string(text.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
}

TEST(SocketsFromSystemd, AreThoseThatListenForStreamsAtAPath) {
    const test::TemporaryFolder folder;
    const auto listening = listen_at(folder.path() / "s", 0700);
    ASSERT_TRUE(listening);
    EXPECT_EQ(handed_over(listening->get()), "ok");
    EXPECT_EQ(handed_over(listening->get(), "1"), "none") << "they are another process's";
    const auto pipe = make_pipe();
    EXPECT_EQ(handed_over(pipe->first.get()),
              "the socket 3 that systemd hands over is none that listens for streams at a path "
              "(ListenStream=/run/virtlightd.sock)");
    for (const auto& [domain, type] :
         {std::pair(AF_INET, SOCK_STREAM), {AF_UNIX, SOCK_DGRAM}, {AF_UNIX, SOCK_STREAM}}) {
        const Fd other(::socket(domain, type | SOCK_CLOEXEC, 0));
        EXPECT_NE(handed_over(other.get()).find("is none that listens"), std::string::npos) << domain << type;
    }
    EXPECT_NE(handed_over(listening->get(), "x").find("cannot take the sockets"), std::string::npos);
}

/// What a child process that tries to lock exits with: 0 when it got the lock.
int in_a_child(const std::filesystem::path& path) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(lock_instance(path) ? 0 : 1);
    int status = -1;
    ::waitpid(child, &status, 0);
    return status;
}

TEST(LockInstance, IsHeldByOneProcessAtATime) {
    const test::TemporaryFolder folder;
    const auto path = folder.path() / "lock";
    {
        const auto lock = lock_instance(path);
        ASSERT_TRUE(lock);
        EXPECT_NE(in_a_child(path), 0);
    }
    EXPECT_EQ(in_a_child(path), 0);
}

TEST(LockInstance, IsNotPassedOnToAChildThatOutlivesTheDaemon) {
    const test::TemporaryFolder folder;
    const auto path = folder.path() / "lock";
    auto pipe = make_pipe();
    ASSERT_TRUE(pipe);
    const pid_t daemon = ::fork();
    if (daemon == 0) {
        const auto lock = lock_instance(path);
        if (::fork() == 0) {  // the child of a child, with a copy of the descriptor
            char byte = 0;
            pipe->second.reset();
            [[maybe_unused]] const auto n = ::read(pipe->first.get(), &byte, 1);
        }
        ::_exit(0);
    }
    ASSERT_EQ(::waitpid(daemon, nullptr, 0), daemon);
    EXPECT_TRUE(lock_instance(path));
}

}  // namespace
}  // namespace virtlight::daemon
