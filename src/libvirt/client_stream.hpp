// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <optional>

#include "libvirt/client.hpp"

namespace virtlight::libvirt {

/// A stream of our own program, from the client's side. Uses up its client: nothing else is called meanwhile.
class ClientStream {
 public:
    /// Calls the procedure, which opens a stream. Fails as Client::call() does.
    template <class Args>
    static Result<ClientStream> open(Client client, std::int32_t procedure, const Args& args) {
        const auto opened = client.call<void>(procedure, args, program::virtlight);
        if (!opened) return std::unexpected(opened.error());
        return ClientStream(std::move(client), procedure);
    }

    /// To be waited for until it is readable once receive() has given nothing.
    int descriptor() const { return client_.socket_.get(); }
    /// What has come; empty: nothing yet. Does not wait. After the end (ended()) nothing more comes but the
    /// answer to finish(); a failure is why the daemon has ended the stream, once all that came before is
    /// given.
    Result<Bytes> receive();
    bool ended() const { return ended_; }

    Result<> send(View bytes);
    /// Ends the input; some of it may be lost to who leaves before finished().
    Result<> finish();
    /// Whether the daemon has answered finish(): it has taken all input. Nothing follows.
    bool finished() const { return finished_; }

 private:
    ClientStream(Client client, std::int32_t procedure)
        : client_(std::move(client)), procedure_(procedure), serial_(client_.last_serial_) {}

    bool take(Bytes& data);
    void take(const Packet& packet, Bytes& data);
    Result<> send(MessageStatus status, View payload);

    Client client_;
    std::int32_t procedure_;
    std::uint32_t serial_;
    bool ended_ = false;
    bool finished_ = false;
    std::optional<Error> failure_;
};

}  // namespace virtlight::libvirt
