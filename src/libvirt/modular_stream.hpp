// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <set>
#include <string>

#include "async/completion.hpp"
#include "async/scheduler.hpp"
#include "base/clock.hpp"
#include "base/file.hpp"
#include "base/result.hpp"
#include "libvirt/relayed_stream.hpp"
#include "libvirt/streams.hpp"

namespace virtlight::libvirt {

/// A stream of one of libvirt's own daemons at the end of a client's: the socket around a RelayedStream. It
/// ends when nothing has moved for limits::modular_stream_idle.
class ModularStream final : public StreamEnd {
 public:
    /// Those that have a connection.
    using Connected = std::set<ModularStream*>;
    using Answer = async::Completion<Result<LateAnswer>>;

    /// `socket` is connected to the daemon that errors call `daemon`; `wake` has the client's connection
    /// served. `scheduler` must outlive this.
    ModularStream(async::FdScheduler& scheduler, std::shared_ptr<Connected> connected, Fd socket,
                  RelayedStream relayed, std::string daemon, std::function<void()> wake);
    ModularStream(const ModularStream&) = delete;
    ModularStream& operator=(const ModularStream&) = delete;
    /// That daemon takes it for an abort if the stream was not over.
    ~ModularStream() override;

    /// Once, at first: what the call that opens it is answered, which comes in any case. Who is resumed by it
    /// may destroy this.
    Answer start();

    /// This may be gone afterwards.
    void end(const Error& why);

    Result<Portion> read(std::size_t max) override;
    Result<std::size_t> write(View bytes) override;
    Result<bool> finish() override;
    bool holds_client() const override { return true; }

 private:
    void ready(short revents);
    void receive();
    void send();
    void lose(const Error& why);
    void watch_on();
    void close();
    void tell();
    void look_for_movement();

    async::FdScheduler& scheduler_;
    std::shared_ptr<Connected> connected_;
    Fd socket_;
    RelayedStream relayed_;
    std::string daemon_;
    std::function<void()> wake_;
    Answer answer_;
    async::WatchId watch_{};
    async::TimerId look_{};
    Time moved_;
};

}  // namespace virtlight::libvirt
