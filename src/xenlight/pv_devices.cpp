// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/pv_devices.hpp"

#include <algorithm>
#include <span>

#include <fmt/format.h>

#include "base/uuid.hpp"
#include "domain/device_specs.hpp"
#include "domain/text.hpp"
#include "xenlight/words.hpp"

namespace virtlight::xenlight {
namespace {

using domain::SettingValue;

/// What a spec says, and nothing or 0 where it does not.
class Spec {
 public:
    explicit Spec(std::string_view text)
        : parameters_(domain::spec_parameters(text).value_or(domain::SpecParameters())) {}

    std::string_view text(std::string_view key) const {
        const auto found = parameters_.find(key);
        return found == parameters_.end() ? std::string_view() : found->second;
    }
    char* copied(std::string_view key) const { return copy(std::string(text(key))); }
    std::uint32_t number(std::string_view key) const {
        return domain::whole_number<std::uint32_t>(text(key)).value_or(0);
    }

 private:
    domain::SpecParameters parameters_;
};

/// A spec in the making.
class SpecWriter {
 public:
    void text(std::string_view key, std::string_view value) {
        if (!value.empty()) spec_ += fmt::format("{}{}={}", spec_.empty() ? "" : ",", key, value);
    }
    void number(std::string_view key, std::uint32_t value) {
        if (value != 0) text(key, std::to_string(value));
    }
    /// By its name, or else its number, which is that of Domain-0 by default.
    void backend(const char* name, libxl_domid domid) {
        text("backend", name ? name : std::to_string(domid));
    }
    std::string take() && { return std::move(spec_); }

 private:
    std::string spec_;
};

/// More devices in an array of libxl's, which grows as those of malloc do.
template <class Device>
std::span<Device> extend(Device*& devices, int& count, std::size_t more, void (*init)(Device*)) {
    const auto before = static_cast<std::size_t>(count);
    auto* const all = allocate<Device>(before + more);
    std::copy_n(devices, before, all);
    std::free(std::exchange(devices, all));
    count += static_cast<int>(more);
    for (std::size_t id = before; id < before + more; ++id) {
        init(&devices[id]);
        devices[id].devid = static_cast<libxl_devid>(id);
    }
    return {devices + before, more};
}

template <class Device, class Describe>
std::optional<SettingValue> described(std::span<const Device> devices, Describe describe) {
    std::vector<std::string> specs;
    for (const auto& device : devices) {
        SpecWriter spec;
        spec.backend(device.backend_domname, device.backend_domid);
        describe(device, spec);
        specs.push_back(std::move(spec).take());
    }
    if (specs.empty()) return std::nullopt;
    return specs;
}

constexpr std::pair<std::string_view, bool libxl_device_vkb::*> features[] = {
    {"feature-disable-keyboard", &libxl_device_vkb::feature_disable_keyboard},
    {"feature-disable-pointer", &libxl_device_vkb::feature_disable_pointer},
    {"feature-abs-pointer", &libxl_device_vkb::feature_abs_pointer},
    {"feature-raw-pointer", &libxl_device_vkb::feature_raw_pointer},
    {"feature-multi-touch", &libxl_device_vkb::feature_multi_touch},
};
constexpr std::pair<std::string_view, std::uint32_t libxl_device_vkb::*> sizes[] = {
    {"multi-touch-width", &libxl_device_vkb::multi_touch_width},
    {"multi-touch-height", &libxl_device_vkb::multi_touch_height},
    {"multi-touch-num-contacts", &libxl_device_vkb::multi_touch_num_contacts},
    {"width", &libxl_device_vkb::width},
    {"height", &libxl_device_vkb::height},
};

void set_connectors(std::string_view words, libxl_device_vdispl& display) {
    const auto count = static_cast<std::size_t>(std::ranges::count(words, ';')) + 1;
    display.connectors = allocate<libxl_connector_param>(count);
    while (const auto connector = words.empty() ? std::nullopt : domain::take_connector(words))
        display.connectors[display.num_connectors++] = {copy(std::string(connector->id)), connector->width,
                                                        connector->height};
}

}  // namespace

void set_keyboards(const SettingValue& value, libxl_domain_config& config) {
    const auto& specs = std::get<std::vector<std::string>>(value);
    const auto devices = extend(config.vkbs, config.num_vkbs, specs.size(), libxl_device_vkb_init);
    for (std::size_t i = 0; i < specs.size(); ++i) {
        const Spec spec(specs[i]);
        auto& vkb = devices[i];
        vkb.backend_domname = spec.copied("backend");
        vkb.backend_type =
            spec.text("backend-type") == "linux" ? LIBXL_VKB_BACKEND_LINUX : LIBXL_VKB_BACKEND_QEMU;
        vkb.unique_id = spec.copied("unique-id");
        for (const auto& [key, field] : features)
            vkb.*field = spec.number(key) != 0;
        for (const auto& [key, field] : sizes)
            vkb.*field = spec.number(key);
    }
}

std::optional<SettingValue> keyboards(const libxl_domain_config& config) {
    const std::span<const libxl_device_vkb> all(config.vkbs, static_cast<std::size_t>(config.num_vkbs));
    const auto of_framebuffers = static_cast<std::size_t>(std::min(config.num_vfbs, config.num_vkbs));
    return described(all.subspan(of_framebuffers), [](const libxl_device_vkb& vkb, SpecWriter& spec) {
        spec.text("backend-type", vkb.backend_type == LIBXL_VKB_BACKEND_LINUX ? "linux" : "qemu");
        spec.text("unique-id", text_of(vkb.unique_id));
        for (const auto& [key, field] : features)
            spec.number(key, vkb.*field ? 1 : 0);
        for (const auto& [key, field] : sizes)
            spec.number(key, vkb.*field);
    });
}

void set_displays(const SettingValue& value, libxl_domain_config& config) {
    const auto& specs = std::get<std::vector<std::string>>(value);
    const auto devices = extend(config.vdispls, config.num_vdispls, specs.size(), libxl_device_vdispl_init);
    for (std::size_t i = 0; i < specs.size(); ++i) {
        const Spec spec(specs[i]);
        devices[i].backend_domname = spec.copied("backend");
        devices[i].be_alloc = spec.number("be-alloc") != 0;
        set_connectors(spec.text("connectors"), devices[i]);
    }
}

std::optional<SettingValue> displays(const libxl_domain_config& config) {
    const std::span<const libxl_device_vdispl> all(config.vdispls,
                                                   static_cast<std::size_t>(config.num_vdispls));
    return described(all, [](const libxl_device_vdispl& display, SpecWriter& spec) {
        spec.number("be-alloc", display.be_alloc ? 1 : 0);
        std::string connectors;
        for (const auto& [id, width, height] :
             std::span(display.connectors, static_cast<std::size_t>(display.num_connectors)))
            connectors +=
                fmt::format("{}{}:{}x{}", connectors.empty() ? "" : ";", text_of(id), width, height);
        spec.text("connectors", connectors);
    });
}

void set_pv_calls(const SettingValue& value, libxl_domain_config& config) {
    const auto& specs = std::get<std::vector<std::string>>(value);
    const auto devices =
        extend(config.pvcallsifs, config.num_pvcallsifs, specs.size(), libxl_device_pvcallsif_init);
    for (std::size_t i = 0; i < specs.size(); ++i)
        devices[i].backend_domname = Spec(specs[i]).copied("backend");
}

std::optional<SettingValue> pv_calls(const libxl_domain_config& config) {
    const std::span<const libxl_device_pvcallsif> all(config.pvcallsifs,
                                                      static_cast<std::size_t>(config.num_pvcallsifs));
    return described(all, [](const libxl_device_pvcallsif&, SpecWriter&) {});
}

void set_vtpms(const SettingValue& value, libxl_domain_config& config) {
    const auto& specs = std::get<std::vector<std::string>>(value);
    const auto devices = extend(config.vtpms, config.num_vtpms, specs.size(), libxl_device_vtpm_init);
    for (std::size_t i = 0; i < specs.size(); ++i) {
        const Spec spec(specs[i]);
        devices[i].backend_domname = spec.copied("backend");
        if (const auto uuid = Uuid::parse(spec.text("uuid")))
            std::ranges::copy(uuid->bytes, devices[i].uuid.uuid);
    }
}

std::optional<SettingValue> vtpms(const libxl_domain_config& config) {
    const std::span<const libxl_device_vtpm> all(config.vtpms, static_cast<std::size_t>(config.num_vtpms));
    return described(all, [](const libxl_device_vtpm& vtpm, SpecWriter& spec) {
        Uuid uuid;
        std::ranges::copy(vtpm.uuid.uuid, uuid.bytes.begin());
        if (!uuid.is_nil()) spec.text("uuid", to_string(uuid));
    });
}

}  // namespace virtlight::xenlight
