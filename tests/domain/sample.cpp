// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/sample.hpp"

#include "base/file.hpp"

namespace virtlight::domain {

std::string read_data(std::string_view name) {
    return read_file(std::string(VIRTLIGHT_TESTS "/domain/data/") + std::string(name), 1 << 20).value_or("");
}

}  // namespace virtlight::domain
