// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <type_traits>
#include <utility>

#include "base/clock.hpp"
#include "base/file.hpp"
#include "base/result.hpp"
#include "libvirt/packet.hpp"
#include "libvirt/xdr.hpp"

namespace virtlight::libvirt {

/// A connection to a daemon that speaks libvirt's protocol, for programs that do one thing at a time: each
/// call blocks until it is answered. Not thread-safe.
class Client {
 public:
    /// Connects and opens. io: nobody listens there; timed_out, here as of each later call: no answer until
    /// `deadline`, nor within limits::answer_wait.
    static Result<Client> connect(const std::filesystem::path& socket, bool read_only = false,
                                  Time deadline = Time::max());

    Client(Client&&) = default;
    Client& operator=(Client&&) = default;
    /// Says good-bye if it can, and does not wait for the answer.
    ~Client();

    /// Calls a procedure of the remote program (libvirt's), or of another one. What the daemon refuses comes
    /// as its Error. After protocol, io or timed_out the connection is of no more use.
    template <class Reply, class Args = None>
    Result<Reply> call(std::int32_t procedure, const Args& args = {},
                       std::uint32_t program = program::remote) {
        const auto payload = encode(args);
        if (!payload) return std::unexpected(payload.error());
        const auto answer = exchange(program, procedure, *payload);
        if (!answer) return std::unexpected(answer.error());
        if constexpr (std::is_void_v<Reply>) {
            return {};
        } else {
            return decode<Reply>(*answer);
        }
    }

 private:
    Client(Fd socket, Time end) : socket_(std::move(socket)), end_(end) {}

    friend class ClientStream;
    /// The error where nothing can be read any more, with what helps.
    static std::unexpected<Error> lost(const Error& why);
    Result<Bytes> exchange(std::uint32_t program, std::int32_t procedure, View payload);
    Result<> send(const Header& header, View payload, Time deadline);
    Result<Packet> receive(Time deadline);
    Result<> wait(short events, Time deadline);

    Fd socket_;
    Framer framer_;
    std::uint32_t last_serial_ = 0;
    Time end_;  ///< no answer is waited for beyond it
};

}  // namespace virtlight::libvirt
