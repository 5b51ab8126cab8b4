// SPDX-License-Identifier: LGPL-2.1-or-later
#include "hypervisor/labels.hpp"

#include <string_view>
#include <variant>

#include "domain/text.hpp"

namespace virtlight::hypervisor {
namespace {

constexpr std::string_view label_settings[] = {"init_seclabel", "device_model_stubdomain_seclabel"};

}  // namespace

std::vector<std::string> labels_of(const domain::Definition& definition) {
    std::vector<std::string> all;
    if (!definition.label.empty()) all.push_back(definition.label);
    for (const auto name : label_settings)
        if (const auto found = definition.settings.find(name); found != definition.settings.end())
            all.push_back(std::get<std::string>(found->second));
    return all;
}

Result<> no_flask(const std::string& label) {
    return fail(
        Reason::unsupported_config,
        "it is to have the label '{}', and Xen runs without FLASK here: boot Xen with flask=enforcing, or "
        "give it none",
        domain::shown(label));
}

}  // namespace virtlight::hypervisor
