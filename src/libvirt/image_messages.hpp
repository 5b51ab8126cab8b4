// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "libvirt/messages.hpp"

/// As messages.hpp, of images: saving guests, restoring them, and changing how they are restored.
namespace virtlight::libvirt {

struct SaveArgs {
    Domain dom;
    std::string to;
    std::optional<std::string> xml;
    std::uint32_t flags = 0;

    auto fields(this auto& self) { return std::tie(self.dom, self.to, self.xml, self.flags); }
    bool operator==(const SaveArgs&) const = default;
};

struct SaveParamsArgs {
    Domain dom;
    std::vector<TypedParam> params;
    std::uint32_t flags = 0;

    auto fields(this auto& self) { return std::tie(self.dom, self.params, self.flags); }
    bool operator==(const SaveParamsArgs&) const = default;
};

struct RestoreParamsArgs {
    std::vector<TypedParam> params;
    std::uint32_t flags = 0;

    auto fields(this auto& self) { return std::tie(self.params, self.flags); }
    bool operator==(const RestoreParamsArgs&) const = default;
};

struct ChangeImageArgs {
    std::string file;
    std::string xml;
    std::uint32_t flags = 0;

    auto fields(this auto& self) { return std::tie(self.file, self.xml, self.flags); }
    bool operator==(const ChangeImageArgs&) const = default;
};

struct ChangeManagedImageArgs {
    Domain dom;
    std::optional<std::string> xml;
    std::uint32_t flags = 0;

    auto fields(this auto& self) { return std::tie(self.dom, self.xml, self.flags); }
    bool operator==(const ChangeManagedImageArgs&) const = default;
};

struct RestoreArgs {
    std::string from;
    std::optional<std::string> xml{};
    std::uint32_t flags = 0;

    auto fields(this auto& self) { return std::tie(self.from, self.xml, self.flags); }
    bool operator==(const RestoreArgs&) const = default;
};

}  // namespace virtlight::libvirt
