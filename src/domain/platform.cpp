// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/platform.hpp"

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "domain/cpu_feature_names.hpp"
#include "domain/text.hpp"

namespace virtlight::domain {
namespace {

using FeatureNames = std::pair<std::string_view, std::string_view>;

/// libvirt's and Xen's, where they differ.
constexpr FeatureNames feature_names[] = {
    {"cid", "cntxid"},
    {"clflush", "clfsh"},
    {"cmp_legacy", "cmplegacy"},
    {"cr8legacy", "altmovcr8"},
    {"cx16", "cmpxchg16"},
    {"cx8", "cmpxchg8"},
    {"ds_cpl", "dscpl"},
    {"fxsr_opt", "ffxsr"},
    {"ht", "htt"},
    {"lahf_lm", "lahfsahf"},
    {"nodeid_msr", "nodeid"},
    {"pclmuldq", "pclmulqdq"},
    {"pdpe1gb", "page1gb"},
    {"pn", "psn"},
    {"pni", "sse3"},
    {"sep", "sysenter"},
};

}  // namespace

bool is_cpu_feature(std::string_view name) {
    return !name.empty() && name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.-_") == name.npos;
}

Result<> check_cpu_feature(std::string_view name) {
    const auto xens = xens_cpu_feature(name);
    if (std::ranges::binary_search(cpu_feature_names, xens)) return {};
    std::vector<std::string_view> all(std::begin(cpu_feature_names), std::end(cpu_feature_names));
    std::ranges::transform(all, all.begin(), libvirts_cpu_feature);
    return fail(Reason::unsupported_config, "Xen knows no feature '{}' of the processor{}", shown(name),
                suggestion(name, all));
}

std::string_view xens_cpu_feature(std::string_view name) {
    const auto* const found = std::ranges::find(feature_names, name, &FeatureNames::first);
    return found == std::end(feature_names) ? name : found->second;
}

std::string_view libvirts_cpu_feature(std::string_view name) {
    const auto* const found = std::ranges::find(feature_names, name, &FeatureNames::second);
    return found == std::end(feature_names) ? name : found->first;
}

}  // namespace virtlight::domain
