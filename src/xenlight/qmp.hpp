// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include <boost/json/value.hpp>

#include "base/clock.hpp"
#include "base/file.hpp"
#include "base/result.hpp"
#include "hypervisor/domain_seen.hpp"

namespace virtlight::xenlight {

/// Where libxl has a guest's device model listen for those who measure: its own socket is libxl's.
inline constexpr std::string_view measuring_socket_prefix = "qmp-libxenstat-";
std::filesystem::path measuring_socket(hypervisor::DomId domid, const std::filesystem::path& folder);

/// A connection that never blocks. operation_failed: nobody listens there, or too many wait to be served.
Result<Fd> connect_to_model(const std::filesystem::path& socket);

/// A conversation with a guest's device model in QEMU's protocol: a line of JSON each way. Blocks, until
/// limits::qmp_answer after it has begun at most: not for the core thread.
class Qmp {
 public:
    /// operation_failed: nobody listens there; timed_out: somebody else is being served, or it hangs.
    static Result<Qmp> open(const std::filesystem::path& socket);

    /// What the command returns. `arguments` is a JSON object, or empty. operation_failed: what the device
    /// model has against it.
    Result<boost::json::value> execute(std::string_view command, std::string_view arguments = {});
    /// Lets the device model have a descriptor, until it is taken back or the conversation ends. The name of
    /// a file that it can open then, in its own namespace and whatever it may open else.
    Result<std::string> lend(const Fd& file);

 private:
    Qmp(Fd socket, Time deadline) : socket_(std::move(socket)), deadline_(deadline) {}

    /// With the descriptor, if there is one.
    Result<boost::json::value> ask(std::string_view line, std::string_view command, const Fd& file);
    Result<> send(std::string_view line, const Fd& file) const;
    Result<std::string> next_line();
    Result<> wait_for_input() const;

    Fd socket_;
    Time deadline_;
    std::string received_;
};

}  // namespace virtlight::xenlight
