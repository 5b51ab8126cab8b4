// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libxl/xenstore_tree.hpp"

#include <algorithm>
#include <cctype>
#include <cerrno>

namespace virtlight::fake {
namespace {

using namespace std::string_literals;

/// What the paths of all nodes under this one begin with.
std::string inside(const std::string& path) {
    return path == "/" ? path : path + "/";
}

}  // namespace

XenstoreTree::XenstoreTree() {
    nodes_["/"] = {.permissions = "n0\0"s, .generation = ++edits_};
}

Answer<std::string> XenstoreTree::read(const std::string& path) const {
    const auto found = nodes_.find(path);
    if (found == nodes_.end()) return std::unexpected(ENOENT);
    return found->second.value;
}

Answer<std::vector<std::string>> XenstoreTree::children(const std::string& path) const {
    if (!nodes_.contains(path)) return std::unexpected(ENOENT);
    const auto prefix = inside(path);
    std::vector<std::string> names;
    for (auto at = nodes_.upper_bound(prefix); at != nodes_.end() && at->first.starts_with(prefix); ++at) {
        auto name = at->first.substr(prefix.size());
        if (!name.contains('/')) names.push_back(std::move(name));
    }
    return names;
}

Answer<std::string> XenstoreTree::permissions(const std::string& path) const {
    const auto found = nodes_.find(path);
    if (found == nodes_.end()) return std::unexpected(ENOENT);
    return found->second.permissions;
}

Answer<std::vector<Change>> XenstoreTree::apply(const Edit& edit) {
    const auto told = std::vector<Change>{{edit.path}};
    switch (edit.kind) {
        case Edit::Kind::write: {
            make(edit.path);
            auto& node = nodes_[edit.path];
            node.value = edit.value;
            node.generation = ++edits_;
            return told;
        }
        case Edit::Kind::make: return make(edit.path) ? told : std::vector<Change>{};
        case Edit::Kind::remove: return remove(edit.path);
        case Edit::Kind::permit: {
            const auto found = nodes_.find(edit.path);
            if (found == nodes_.end()) return std::unexpected(ENOENT);
            found->second.permissions = edit.value;
            found->second.generation = ++edits_;
            return told;
        }
    }
    return std::unexpected(EINVAL);
}

bool XenstoreTree::make(const std::string& path) {
    if (nodes_.contains(path)) return false;
    const auto above = parent(path);
    make(above);
    nodes_[path] = {.permissions = nodes_[above].permissions, .generation = ++edits_};
    nodes_[above].generation = ++edits_;
    return true;
}

Answer<std::vector<Change>> XenstoreTree::remove(const std::string& path) {
    if (path == "/") return std::unexpected(EINVAL);
    const auto above = parent(path);
    const auto found = nodes_.find(path);
    if (found == nodes_.end()) {
        if (!nodes_.contains(above)) return std::unexpected(ENOENT);
        return std::vector<Change>{};
    }
    std::vector<Change> changes{{path}};
    nodes_.erase(found);
    const auto prefix = inside(path);
    for (auto at = nodes_.lower_bound(prefix); at != nodes_.end() && at->first.starts_with(prefix);) {
        changes.push_back({.path = at->first, .exact = true});
        at = nodes_.erase(at);
    }
    nodes_[above].generation = ++edits_;
    return changes;
}

std::uint64_t XenstoreTree::generation(const std::string& path) const {
    const auto found = nodes_.find(path);
    return found == nodes_.end() ? 0 : found->second.generation;
}

std::string XenstoreTree::parent(const std::string& path) {
    const auto slash = path.rfind('/');
    return slash == 0 ? "/" : path.substr(0, slash);
}

bool XenstoreTree::valid(std::string_view path) {
    if (!path.starts_with('/') || path.contains("//")) return false;
    if (path.size() > 1 && path.ends_with('/')) return false;
    return std::ranges::all_of(path, [](unsigned char c) {
        return std::isalnum(c) || c == '/' || c == '-' || c == '_' || c == '@';
    });
}

}  // namespace virtlight::fake
