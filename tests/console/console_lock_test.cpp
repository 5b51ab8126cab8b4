// SPDX-License-Identifier: LGPL-2.1-or-later
#include "console/console_lock.hpp"

#include <csignal>
#include <optional>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/temporary_folder.hpp"

namespace virtlight::console {
namespace {

/// A process that takes the lock as xenconsole does, and holds it until it is killed.
class OtherHolder {
 public:
    explicit OtherHolder(const std::filesystem::path& path) {
        auto ready = make_pipe();
        pid_ = ::fork();
        if (pid_ == 0) {
            const int fd = ::open(path.c_str(), O_RDWR | O_CREAT, 0644);
            const char taken = ::flock(fd, LOCK_EX | LOCK_NB) == 0 ? 'y' : 'n';
            if (::write(ready->second.get(), &taken, 1) != 1) ::_exit(1);
            for (;;)
                ::pause();
        }
        ready->second.reset();
        EXPECT_EQ(::read(ready->first.get(), &taken_, 1), 1);
    }
    ~OtherHolder() {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }

    bool took_it() const { return taken_ == 'y'; }
    pid_t pid() const { return pid_; }

 private:
    pid_t pid_ = -1;
    char taken_ = '?';
};

class ConsoleLockTest : public testing::Test {
 protected:
    const virtlight::test::TemporaryFolder folder;
    const std::filesystem::path path = folder.path() / "xenconsole.7";
};

TEST_F(ConsoleLockTest, KeepsXenconsoleOutAsLongAsItIsHeld) {
    auto lock = std::optional(ConsoleLock::take(path));
    ASSERT_TRUE(*lock) << lock->error().message;
    EXPECT_FALSE(OtherHolder(path).took_it());
    lock.reset();
    EXPECT_TRUE(OtherHolder(path).took_it());
}

TEST_F(ConsoleLockTest, IsGivenBackWithItsOwner) {
    {
        const auto lock = ConsoleLock::take(path);
        ASSERT_TRUE(lock);
    }
    EXPECT_TRUE(ConsoleLock::take(path));
}

TEST_F(ConsoleLockTest, TellsOnlyWhoAsksWhoHoldsIt) {
    EXPECT_EQ(lock_holder(path), "");
    const OtherHolder other(path);
    ASSERT_TRUE(other.took_it());
    const auto lock = ConsoleLock::take(path);
    ASSERT_FALSE(lock);
    EXPECT_EQ(lock.error().reason, Reason::operation_failed);
    EXPECT_EQ(lock.error().message, "console lock '" + path.string() + "' is held by another program");
    EXPECT_EQ(lock_holder(path), fmt::format("console_tests ({})", other.pid()));
}

TEST_F(ConsoleLockTest, IsFreeAgainWhenItsHolderDies) {
    std::optional<OtherHolder> other(path);
    EXPECT_FALSE(ConsoleLock::take(path));
    other.reset();
    EXPECT_TRUE(ConsoleLock::take(path));
}

TEST_F(ConsoleLockTest, SaysWhenItsFolderIsMissing) {
    const auto lock = ConsoleLock::take(folder.path() / "missing" / "lock");
    ASSERT_FALSE(lock);
    EXPECT_EQ(lock.error().reason, Reason::io);
}

}  // namespace
}  // namespace virtlight::console
