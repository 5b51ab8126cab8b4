// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <variant>

#include "async/task.hpp"
#include "base/result.hpp"
#include "libvirt/streams.hpp"
#include "libvirt/xdr.hpp"

namespace virtlight::libvirt {

struct Caller;
struct Procedure;

/// The result struct of a call as bytes, when an operation has ended, and what stands behind the stream that
/// the call has opened, if it opens one.
struct LateAnswer {
    Bytes bytes;
    std::unique_ptr<StreamEnd> stream{};
    bool refused = false;                        ///< the bytes are an error, as of another daemon
    std::optional<std::int32_t> unregistered{};  ///< events that the client has not registered for after all
};

/// The result struct of a call as bytes: at once, or when an operation has ended. The task owns all that it
/// uses but the manager, the consoles and libvirt's daemons: the caller may be gone before it ends.
using Answer = std::variant<Result<Bytes>, async::Task<Result<LateAnswer>>>;

/// What a connection must be before it may call.
enum class Needs {
    nothing,  ///< only connected
    open,     ///< opened by virConnectOpen
    write,    ///< opened, and not read-only
};

struct Procedure {
    std::uint32_t number;
    std::string_view function;  ///< libvirt's public function, for messages
    Needs needs;
    std::uint32_t flags;  ///< all that a `flags` argument may hold
    Answer (*perform)(const Procedure& procedure, Caller& caller, View payload);
};

/// Those of the remote program that this daemon serves, by number.
std::span<const Procedure> procedures();

/// The procedure of the remote program with this number; null: it is not served.
const Procedure* find_procedure(std::uint32_t number);
/// The same of our own program.
const Procedure* find_own_procedure(std::uint32_t number);

struct UnservedFunction {
    std::string_view name;
    std::string_view why;  ///< empty: the name says it
};
/// The public function behind a procedure that clients may call and this daemon does not have; empty for
/// numbers that no client calls.
std::optional<UnservedFunction> unserved_function(std::uint32_t number);

/// Why this daemon does not take one of these flags of a function that it serves; empty: there is no more to
/// say, or libvirt has no such flag.
std::string_view why_not_taken(std::string_view function, std::uint32_t flags);

}  // namespace virtlight::libvirt
