// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <string_view>

namespace virtlight::domain {

/// Whether libvirt's schemas are installed. Loads them once.
bool has_schema();

/// What libvirt's schema of domains says against a document; empty: nothing. has_schema() must be true.
std::string schema_complaint(std::string_view xml);

}  // namespace virtlight::domain
