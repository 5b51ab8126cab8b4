// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <vector>

#include <boost/json/object.hpp>

#include "libvirt/client_stream.hpp"
#include "libvirt/own_messages.hpp"

/// What the commands about consoles share.
namespace virtlight::cli {

Result<std::vector<libvirt::ConsoleInfo>> list_consoles(libvirt::Client& client);

/// A console as JSON has it.
boost::json::object as_object(const libvirt::ConsoleInfo& console);

/// Waits until the stream has something, or `input` (-1: there is none) can be read, and returns whether that
/// can; for `patience` milliseconds at most (-1: without end). When nobody reads standard output any more the
/// program ends as in a write, which a guest that says nothing would never bring about; io: where SIGPIPE is
/// ignored.
Result<bool> wait_for_more(const libvirt::ClientStream& stream, int input = -1, int patience = -1);

}  // namespace virtlight::cli
