// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <vector>

#include <boost/json/object.hpp>

#include "base/uuid.hpp"
#include "libvirt/client_stream.hpp"
#include "libvirt/own_messages.hpp"

/// What the commands about consoles share.
namespace virtlight::cli {

/// The domain with this name, or this uuid. no_domain: there is none.
Result<Uuid> find_domain(libvirt::Client& client, const std::string& name);

Result<std::vector<libvirt::ConsoleInfo>> list_consoles(libvirt::Client& client);

/// A console as JSON has it.
boost::json::object as_object(const libvirt::ConsoleInfo& console);

/// Writes the bytes to standard output, all of them. io: nobody reads there any more.
Result<> print(libvirt::View bytes);

}  // namespace virtlight::cli
