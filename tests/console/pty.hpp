// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <pty.h>
#include <termios.h>
#include <unistd.h>

#include "base/file.hpp"

namespace virtlight::console::test {

/// A pty as xenconsoled holds it: it is raw, xenconsoled writes and reads at the master and keeps the slave
/// open too.
class Pty {
 public:
    enum class Mode { raw, cooked };

    explicit Pty(Mode mode = Mode::raw) {
        int master = -1;
        int slave = -1;
        char name[64] = {};
        if (::openpty(&master, &slave, name, nullptr, nullptr) != 0) throw std::runtime_error("no pty");
        master_.reset(master);
        slave_.reset(slave);
        if (mode == Mode::raw) make_raw();
        path_ = name;
    }

    const std::string& path() const { return path_; }
    int guest() const { return master_.get(); }

    /// What the guest says. Blocks while the pty is full: whoever reads the other end on the same thread says
    /// no more than a few words, or offers them.
    void say(std::string_view bytes) const {
        while (!bytes.empty()) {
            const auto n = ::write(master_.get(), bytes.data(), bytes.size());
            if (n <= 0) return;
            bytes.remove_prefix(static_cast<std::size_t>(n));
        }
    }

    /// What the guest says as far as the pty takes it now; how much that is.
    std::size_t offer(std::string_view bytes) const {
        const NonBlocking master(master_.get());
        const auto n = ::write(master_.get(), bytes.data(), bytes.size());
        return n > 0 ? static_cast<std::size_t>(n) : 0;
    }

    /// What the guest has been told by now.
    std::string heard() const {
        const NonBlocking master(master_.get());
        std::string all;
        char buffer[4096];
        for (ssize_t n = 0; (n = ::read(master_.get(), buffer, sizeof buffer)) > 0;)
            all.append(buffer, static_cast<std::size_t>(n));
        return all;
    }

    /// As when xenconsoled dies.
    void hang_up() {
        slave_.reset();
        master_.reset();
    }

 private:
    /// A descriptor that does not block for as long as this lives.
    class NonBlocking {
     public:
        explicit NonBlocking(int fd) : fd_(fd), flags_(::fcntl(fd, F_GETFL)) {
            ::fcntl(fd_, F_SETFL, flags_ | O_NONBLOCK);
        }
        ~NonBlocking() { ::fcntl(fd_, F_SETFL, flags_); }
        NonBlocking(const NonBlocking&) = delete;
        NonBlocking& operator=(const NonBlocking&) = delete;

     private:
        int fd_;
        int flags_;
    };

    void make_raw() const {
        termios settings = {};
        ::tcgetattr(slave_.get(), &settings);
        ::cfmakeraw(&settings);
        ::tcsetattr(slave_.get(), TCSANOW, &settings);
    }

    Fd master_;
    Fd slave_;
    std::string path_;
};

}  // namespace virtlight::console::test
