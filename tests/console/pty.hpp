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

    /// What the guest says. Blocks while the pty is full.
    void say(std::string_view bytes) const {
        while (!bytes.empty()) {
            const auto n = ::write(master_.get(), bytes.data(), bytes.size());
            if (n <= 0) return;
            bytes.remove_prefix(static_cast<std::size_t>(n));
        }
    }

    /// What the guest has been told by now.
    std::string heard() const {
        const int flags = ::fcntl(master_.get(), F_GETFL);
        ::fcntl(master_.get(), F_SETFL, flags | O_NONBLOCK);
        std::string all;
        char buffer[4096];
        for (ssize_t n = 0; (n = ::read(master_.get(), buffer, sizeof buffer)) > 0;)
            all.append(buffer, static_cast<std::size_t>(n));
        ::fcntl(master_.get(), F_SETFL, flags);
        return all;
    }

    /// As when xenconsoled dies.
    void hang_up() {
        slave_.reset();
        master_.reset();
    }

 private:
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
