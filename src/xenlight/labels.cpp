// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/labels.hpp"

#include <cerrno>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/file.hpp"
#include "domain/text.hpp"
#include "hypervisor/labels.hpp"
#include "xenlight/words.hpp"

namespace virtlight::xenlight {
namespace {

/// 0, or errno.
int look_up(Context& context, std::string label) {
    return context.enter([&](libxl_ctx* ctx) {
        std::uint32_t sid = 0;
        errno = 0;
        const int rc = libxl_flask_context_to_sid(ctx, label.data(), label.size(), &sid);
        return rc == 0 ? 0 : errno;
    });
}

}  // namespace

void write_label(const domain::Definition& definition, libxl_domain_config& config) {
    auto*& label = config.c_info.ssid_label ? config.b_info.exec_ssid_label : config.c_info.ssid_label;
    label = copy(definition.label);
}

std::string read_label(const libxl_domain_config& config) {
    const auto* const later = config.b_info.exec_ssid_label;
    return text_of(later ? later : config.c_info.ssid_label);
}

Result<> check_labels(Context& context, const domain::Definition& definition) {
    for (const auto& label : hypervisor::labels_of(definition)) {
        const int why = look_up(context, label);
        if (why == ENOSYS || why == EOPNOTSUPP) return hypervisor::no_flask(label);
        if (why != 0)
            return fail(Reason::invalid_argument, "the policy of FLASK has no label '{}': {}",
                        domain::shown(label), errno_text(why));
    }
    return {};
}

}  // namespace virtlight::xenlight
