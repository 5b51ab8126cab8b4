// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <array>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <sys/socket.h>
#include <unistd.h>

#include "base/file.hpp"
#include "base/unix_address.hpp"

namespace virtlight::test {

/// What it says when it has done as it was told.
inline constexpr auto yes = R"({"return": {}})";

/// A device model that gives one client these answers, one for each command. Into what it is lent it draws.
class DeviceModel {
 public:
    DeviceModel(const std::filesystem::path& path, std::vector<std::string> answers)
        : listener_(::socket(AF_UNIX, SOCK_STREAM, 0)), answers_(std::move(answers)) {
        if (UnixAddress::of(path)->bind(listener_) != 0 || ::listen(listener_.get(), 1) != 0) std::abort();
        thread_ = std::thread([this] { serve(); });
    }
    ~DeviceModel() {
        ::shutdown(listener_.get(), SHUT_RDWR);
        thread_.join();
    }

    /// Once the client has gone.
    std::vector<std::string> commands;
    std::string drawing = "P6\n1 1\n255\nrgb";

 private:
    void serve() {
        const Fd client(::accept(listener_.get(), nullptr, nullptr));
        if (!client) return;
        say(client, R"({"QMP": {"version": {}, "capabilities": []}})");
        for (const auto& answer : answers_) {
            std::array<char, 4096> bytes{};
            alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
            iovec place{bytes.data(), bytes.size()};
            msghdr message{};
            message.msg_iov = &place;
            message.msg_iovlen = 1;
            message.msg_control = control.data();
            message.msg_controllen = control.size();
            const auto got = ::recvmsg(client.get(), &message, 0);
            if (got <= 0) return;
            commands.emplace_back(bytes.data(), static_cast<std::size_t>(got));
            if (const auto* const header = CMSG_FIRSTHDR(&message)) {
                int lent = -1;
                std::memcpy(&lent, CMSG_DATA(header), sizeof lent);
                const Fd file(lent);
                if (::write(file.get(), drawing.data(), drawing.size()) != std::ssize(drawing)) return;
            }
            say(client, answer);
        }
        std::array<char, 4096> rest;
        static_cast<void>(::read(client.get(), rest.data(), rest.size()));
    }
    static void say(const Fd& client, const std::string& line) {
        const auto text = line + "\r\n";
        static_cast<void>(::send(client.get(), text.data(), text.size(), MSG_NOSIGNAL));
    }

    Fd listener_;
    std::vector<std::string> answers_;
    std::thread thread_;
};

}  // namespace virtlight::test
