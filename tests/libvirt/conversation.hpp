// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "async/scope.hpp"
#include "async/virtual_loop.hpp"
#include "base/log.hpp"
#include "libvirt/caller.hpp"
#include "libvirt/error.hpp"
#include "libvirt/messages.hpp"
#include "libvirt/packet.hpp"
#include "manager/fake_hypervisor.hpp"
#include "manager/manager.hpp"
#include "manager/memory_store.hpp"

namespace virtlight::libvirt {

/// One client's conversation with a daemon, without sockets and in virtual time: what it calls goes through
/// the bytes of the wire, both ways.
class Conversation {
 public:
    Conversation() {
        log::set_level(log::Level::error);
        run(start_up());
        session().open(false);
    }
    ~Conversation() { run(manager->shut_down()); }

    Session& session() { return caller.session; }

    /// The answer to a call, waited for.
    template <class Reply, class Args = None>
    Result<Reply> call(std::int32_t procedure, const Args& args = {}) {
        Bytes packet;
        append_packet(packet, {.program = program::remote, .procedure = procedure}, *encode(args));
        session().receive(packet, loop.now());
        while (const auto taken = session().next_call())
            perform(*taken);
        loop.run_until([this] { return !session().output().empty(); });
        return take_reply<Reply>();
    }

    async::VirtualLoop loop;
    manager::MemoryStore store{loop};
    manager::FakeHypervisor xen{loop};
    std::unique_ptr<manager::Manager> manager = std::make_unique<manager::Manager>(loop, xen, store);
    Caller caller{.manager = *manager, .session = Session(false, loop.now())};

 private:
    async::Task<> start_up() {
        const auto started = co_await manager->start_up();
        if (!started) std::abort();
    }
    void run(async::Task<> task) {
        scope_.spawn(std::move(task));
        if (!loop.run_until([this] { return scope_.in_flight() == 0; })) std::abort();
    }
    void perform(const Call& call) {
        auto answer = call.procedure->perform(*call.procedure, caller, call.payload);
        if (const auto* const now = std::get_if<Result<Bytes>>(&answer))
            return session().reply(call.id, *now);
        scope_.spawn(
            finish(call.id, call.header, std::get<async::Task<Result<LateAnswer>>>(std::move(answer))));
    }
    async::Task<> finish(CallId id, Header header, async::Task<Result<LateAnswer>> task) {
        auto answer = co_await std::move(task);
        if (!answer) co_return session().reply(id, std::unexpected(answer.error()));
        session().reply(id, answer->bytes);
        if (answer->stream) session().streams().open(header, std::move(answer->stream));
    }
    template <class Reply>
    Result<Reply> take_reply() {
        Framer framer;
        framer.add(session().output());
        session().sent(session().output().size(), loop.now());
        const auto packet = **framer.next();
        if (packet.header.status == MessageStatus::error) {
            return std::unexpected(from_wire(*decode<WireError>(packet.payload)));
        }
        if constexpr (std::is_void_v<Reply>) {
            return {};
        } else {
            return decode<Reply>(packet.payload);
        }
    }

    async::Scope scope_;
};

/// A test of what one client is answered.
class ConversationTest : public testing::Test {
 protected:
    /// Why a call is refused.
    template <class Reply, class Args>
    Error refusal(std::int32_t procedure, const Args& args) {
        const auto answer = talk.call<Reply>(procedure, args);
        return answer ? Error{Reason::internal, "it was not refused"} : answer.error();
    }

    Conversation talk;
};

}  // namespace virtlight::libvirt
