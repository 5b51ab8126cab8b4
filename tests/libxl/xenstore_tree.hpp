// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace virtlight::fake {

/// What xenstored answers: a value, or the errno whose name goes over the wire.
template <class T>
using Answer = std::expected<T, int>;

/// Something that a watch may have to be told of.
struct Change {
    std::string path;
    /// Only of interest to watches of this very node: it went together with a node above it.
    bool exact = false;

    bool operator==(const Change&) const = default;
};

/// One request that changes the tree.
struct Edit {
    enum class Kind { write, make, remove, permit };
    Kind kind = Kind::write;
    std::string path;
    std::string value{};  ///< of write; of permit: "n0\0r5\0", as on the wire
};

/// The nodes of a xenstore, as xenstored keeps them. Pure.
class XenstoreTree {
 public:
    XenstoreTree();

    /// ENOENT: no such node.
    Answer<std::string> read(const std::string& path) const;
    Answer<std::vector<std::string>> children(const std::string& path) const;
    Answer<std::string> permissions(const std::string& path) const;

    /// Missing parents are made. Removing what is not there is fine as long as its parent is.
    Answer<std::vector<Change>> apply(const Edit& edit);

    /// The edit that changed the node or the list of its children last; 0 for a node that does not exist.
    std::uint64_t generation(const std::string& path) const;
    /// Edits so far.
    std::uint64_t edits() const { return edits_; }

    /// The node above; "/" is above itself.
    static std::string parent(const std::string& path);
    /// Absolute, with names of the characters that xenstored allows.
    static bool valid(std::string_view path);

    std::size_t size() const { return nodes_.size(); }

 private:
    struct Node {
        std::string value{};
        std::string permissions{};
        std::uint64_t generation = 0;
    };

    bool make(const std::string& path);
    Answer<std::vector<Change>> remove(const std::string& path);

    std::map<std::string, Node> nodes_;  ///< by full path: the nodes under one follow it
    std::uint64_t edits_ = 0;
};

}  // namespace virtlight::fake
