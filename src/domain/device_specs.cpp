// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/device_specs.hpp"

#include <algorithm>
#include <span>
#include <string>
#include <utility>

#include "base/uuid.hpp"
#include "domain/text.hpp"

namespace virtlight::domain {
namespace {

bool is_some(std::string_view text) {
    return !text.empty();
}
bool is_flag(std::string_view text) {
    return text == "0" || text == "1";
}
bool is_number(std::string_view text) {
    return whole_number<unsigned>(text).has_value();
}
bool is_keyboard_backend(std::string_view text) {
    return text == "qemu" || text == "linux";
}
bool is_uuid(std::string_view text) {
    return Uuid::parse(text).has_value();
}
bool are_connectors(std::string_view text) {
    while (!text.empty())
        if (!take_connector(text)) return false;
    return true;
}

struct Key {
    std::string_view name;
    bool (*fits)(std::string_view value);
    bool needed = false;
};

bool fits(std::string_view spec, std::span<const Key> keys) {
    const auto parameters = spec_parameters(spec);
    if (!parameters) return false;
    const bool all_known = std::ranges::all_of(*parameters, [&](const auto& parameter) {
        const auto key = std::ranges::find(keys, parameter.first, &Key::name);
        return key != keys.end() && key->fits(parameter.second);
    });
    return all_known && std::ranges::all_of(keys, [&](const Key& key) {
               return !key.needed || parameters->contains(key.name);
           });
}

constexpr Key keyboard_keys[] = {
    {"backend", is_some},
    {"backend-type", is_keyboard_backend, true},
    {"unique-id", is_some},
    {"feature-disable-keyboard", is_flag},
    {"feature-disable-pointer", is_flag},
    {"feature-abs-pointer", is_flag},
    {"feature-raw-pointer", is_flag},
    {"feature-multi-touch", is_flag},
    {"multi-touch-width", is_number},
    {"multi-touch-height", is_number},
    {"multi-touch-num-contacts", is_number},
    {"width", is_number},
    {"height", is_number},
};
constexpr Key display_keys[] = {
    {"backend", is_some}, {"be-alloc", is_flag}, {"connectors", are_connectors, true}};
constexpr Key pv_calls_keys[] = {{"backend", is_some, true}};
constexpr Key vtpm_keys[] = {{"backend", is_some, true}, {"uuid", is_uuid}};

}  // namespace

std::optional<SpecParameters> spec_parameters(std::string_view spec) {
    SpecParameters all;
    while (!spec.empty()) {
        const auto parameter = spec.substr(0, spec.find(','));
        spec.remove_prefix(std::min(parameter.size() + 1, spec.size()));
        const auto equals = parameter.find('=');
        if (equals == parameter.npos) return std::nullopt;
        const auto key = trimmed(parameter.substr(0, equals));
        if (!all.emplace(key, parameter.substr(equals + 1)).second) return std::nullopt;
    }
    return all;
}

bool is_keyboard_spec(std::string_view spec) {
    return fits(spec, keyboard_keys);
}
bool is_display_spec(std::string_view spec) {
    return fits(spec, display_keys);
}
bool is_pv_calls_spec(std::string_view spec) {
    return fits(spec, pv_calls_keys);
}
bool is_vtpm_spec(std::string_view spec) {
    return fits(spec, vtpm_keys);
}

std::optional<Connector> take_connector(std::string_view& connectors) {
    const auto one = connectors.substr(0, connectors.find(';'));
    connectors.remove_prefix(std::min(one.size() + 1, connectors.size()));
    const auto colon = one.find(':');
    const auto cross = one.find('x', colon == one.npos ? 0 : colon);
    if (colon == 0 || colon == one.npos || cross == one.npos) return std::nullopt;
    const auto width = whole_number<unsigned>(one.substr(colon + 1, cross - colon - 1));
    const auto height = whole_number<unsigned>(one.substr(cross + 1));
    if (!width || !height) return std::nullopt;
    return Connector{one.substr(0, colon), *width, *height};
}

}  // namespace virtlight::domain
