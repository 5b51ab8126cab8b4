// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "libvirt/caller.hpp"
#include "libvirt/messages.hpp"
#include "libvirt/procedure.hpp"

namespace virtlight::libvirt {

/// A handler's signature tells its argument and result types, and what it needs:
///
///   Result<Reply> handler(Subject&, const Args&)       answers at once
///   Task<Result<Reply>> handler(Subject&, Args)        answers when an operation has ended
///   Task<Result<Streamed<Reply>>> handler(...)         the same, and opens a stream
///
/// where Subject is manager::Manager, console::Consoles, or Caller if the call is about the connection
/// itself. A task must not take the Caller, which it may outlive.
template <class>
struct Handler;

template <class R, class S, class A>
struct Handler<R (*)(S&, A)> {
    using Subject = S;
    using Args = std::remove_cvref_t<A>;
    static constexpr bool at_once = true;
};

template <class R, class S, class A>
struct Handler<async::Task<Result<R>> (*)(S&, A)> {
    static_assert(!std::is_same_v<S, Caller>, "a task may outlive the caller");
    static_assert(!std::is_reference_v<A>, "a task owns its arguments");
    using Subject = S;
    using Args = A;
    static constexpr bool at_once = false;
};

template <class Subject>
Subject& subject(Caller& caller) {
    if constexpr (std::is_same_v<Subject, Caller>) {
        return caller;
    } else if constexpr (std::is_same_v<Subject, console::Consoles>) {
        return *caller.consoles;
    } else {
        return caller.manager;
    }
}

/// The name under which a client knows the domain of its call; empty: the call is about none.
template <class Args>
std::string domain_name(const Args& args) {
    if constexpr (std::is_same_v<Args, Domain>) {
        return args.name;
    } else if constexpr (requires { args.dom.name; }) {
        return args.dom.name;
    } else {
        return {};
    }
}

/// A domain that is gone has no name here any more, so that the error gets the client's.
template <class Reply>
Result<Bytes> encoded(Result<Reply> reply, std::string_view name) {
    if (!reply) {
        auto error = std::move(reply.error());
        if (error.reason == Reason::no_domain && !name.empty()) error.message += fmt::format(" ({})", name);
        return std::unexpected(std::move(error));
    }
    if constexpr (std::is_void_v<Reply>) {
        return Bytes();
    } else if constexpr (std::is_same_v<Reply, Encoded>) {
        return std::move(reply->bytes);
    } else {
        return encode(*reply);
    }
}

inline Result<LateAnswer> with_stream(Result<Bytes> bytes, std::unique_ptr<StreamEnd> stream = {}) {
    if (!bytes) return std::unexpected(std::move(bytes.error()));
    return LateAnswer{std::move(*bytes), std::move(stream)};
}

template <class Reply>
async::Task<Result<LateAnswer>> encoded_later(async::Task<Result<Reply>> task, std::string name) {
    co_return with_stream(encoded(co_await std::move(task), name));
}

template <class Reply>
async::Task<Result<LateAnswer>> encoded_later(async::Task<Result<Streamed<Reply>>> task, std::string name) {
    auto streamed = co_await std::move(task);
    if (!streamed) co_return with_stream(encoded(Result<Reply>(std::unexpected(streamed.error())), name));
    co_return with_stream(encode(streamed->reply), std::move(streamed->stream));
}

inline std::unexpected<Error> unreadable(const Procedure& procedure, const Error& why) {
    return fail(Reason::protocol, "cannot read the arguments of {}: {}", procedure.function, why.message);
}

/// Refuses flags that the procedure does not have.
inline Result<> taken_flags(const Procedure& procedure, std::uint32_t flags) {
    const auto unknown = flags & ~procedure.flags;
    if (unknown == 0) return {};
    const auto why = why_not_taken(procedure.function, unknown);
    return fail(Reason::invalid_argument, "unsupported flags (0x{:x}) in function {}{}{}", unknown,
                procedure.function, why.empty() ? "" : ": ", why);
}

/// Turns a handler into what the table of procedures holds: decodes the arguments, refuses flags that the
/// procedure does not have, calls, and encodes what it answers.
template <auto handler>
Answer serve(const Procedure& procedure, Caller& caller, View payload) {
    using Traits = Handler<decltype(handler)>;
    auto args = decode<typename Traits::Args>(payload);
    if (!args) return unreadable(procedure, args.error());
    if constexpr (requires { args->flags; }) {
        if (const auto taken = taken_flags(procedure, args->flags); !taken)
            return std::unexpected(taken.error());
    }
    if constexpr (std::is_same_v<typename Traits::Subject, console::Consoles>)
        if (!caller.consoles) return fail(Reason::no_support, "consoles");
    auto& about = subject<typename Traits::Subject>(caller);
    auto name = domain_name(*args);
    if constexpr (Traits::at_once) {
        return encoded(handler(about, *args), name);
    } else {
        return encoded_later(handler(about, *std::move(args)), std::move(name));
    }
}

}  // namespace virtlight::libvirt
